import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * `npm run test:connect`: connector workers in processes of their own, against real brokers. Arguments go to vitest, for example
 * the name of a spec.
 */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--exclude', '{apps,libs,tools,bench}/**', 'tests/connect'];
const child = spawn(process.execPath, [...vitest, ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit' });
const [code] = (await once(child, 'exit')) as [number | null];
process.exitCode = code ?? 1;
