import { resolve } from 'node:path';
import { buildImageTree } from './image-tree.ts';

/** `main.ts TARGET`: makes what the image holds in TARGET, which is emptied first. deploy/docker/Dockerfile runs it. */
const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('usage: main.ts TARGET');
await buildImageTree(resolve(target));
