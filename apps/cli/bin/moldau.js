#!/usr/bin/env node
// Starts the command line on a Node that runs TypeScript, also when called by an older one. Plain JavaScript for that
// reason: any Node from 20 on must be able to run this file.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NODE_MAJOR_MIN = 24;
const THREAD_POOL_SIZE = '16'; // eight flushes at once and as many reads; libuv reads it before its first use
const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
const source = join(dirname(fileURLToPath(import.meta.url)), '../src');
const built = join(source, 'main.js');
const main = existsSync(built) ? built : join(source, 'main.ts'); // as it is installed, or as it stands in a checkout

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  process.env['UV_THREADPOOL_SIZE'] ??= THREAD_POOL_SIZE;
  await import(pathToFileURL(main).href);
} else {
  startPinnedNode();
}

function startPinnedNode() {
  const node = pinnedNode();
  if (node === undefined) {
    process.stderr.write(
      `moldau: needs Node ${NODE_MAJOR_MIN} or later, this is ${process.version}, and no pinned one is installed for ${process.platform}-${process.arch}\n`,
    );
    process.exit(1);
  }
  const env = { ...process.env, UV_THREADPOOL_SIZE: process.env['UV_THREADPOOL_SIZE'] ?? THREAD_POOL_SIZE };
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit', env });
  // What a terminal sends reaches the child as well; it takes both for one (libs/service/src/process/stop-signals.ts).
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`moldau: can't start ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

function pinnedNode() {
  try {
    return createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return undefined;
  }
}
