import { join, resolve } from 'node:path';
import { REPOSITORY_ROOT } from '../workspace/projects.ts';
import { bundleApp } from './bundle-app.ts';

/** `main.ts FOLDER [TARGET]`: builds the app in FOLDER into TARGET, by default its `dist`. The `build` target of the apps. */
const [folder, target] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: main.ts FOLDER [TARGET]');
await bundleApp(folder, target === undefined ? join(REPOSITORY_ROOT, folder, 'dist') : resolve(target));
