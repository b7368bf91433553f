import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY_ROOT } from '../workspace/projects.ts';
import { type LockPackages, missingOptionals, withForeignPlatforms } from './foreign-platforms.ts';

/** `npm run lockfile`: completes package-lock.json after an install from a mirror that carries only some platforms. */
const path = join(REPOSITORY_ROOT, 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: LockPackages };
const missing = missingOptionals(lock.packages);
lock.packages = withForeignPlatforms(lock.packages);
writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`);
process.stdout.write(`${missing.length} optional packages of other platforms added\n`);
