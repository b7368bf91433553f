import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, type TestContext } from 'vitest';
import { type Child, startChild } from '../child/child-process.ts';
import { whyNoNamespaces } from './ip-command.ts';
import { isLeftOver } from './namespace-name.ts';
import { sweepNamespaces } from './namespaces.ts';
import { createNetwork, type Network, type NetworkNode } from './network.ts';
import { RUNNER } from './network-faults.ts';

const PORT = 7000;
const WAIT_MS = 5_000;
/** A node's two ends: prints each datagram; and sends those that it is told over its standard input's place, the arguments. */
const LISTENER = `const s = require('node:dgram').createSocket('udp4'); s.on('message', (m) => console.log(String(m)));
s.bind(${PORT}, () => console.log('listening'));`;
const SENDER = `const [address, text] = process.argv.slice(1); const s = require('node:dgram').createSocket('udp4');
s.on('error', () => process.exit(0)); s.send(text, ${PORT}, address, () => s.close());`;
const TCP_BYTES = 400_000;
const SERVER = `require('node:net').createServer((s) => { s.on('error', () => {}); s.end(Buffer.alloc(${TCP_BYTES})); }).listen(${PORT}, () => console.log('listening'));`;

interface Listening {
  readonly node: NetworkNode;
  readonly child: Child;
}

let network: Network | undefined;

afterEach(async () => {
  await network?.dispose();
  network = undefined;
});

async function made(context: TestContext): Promise<Network> {
  const reason = await whyNoNamespaces();
  if (reason !== undefined) context.skip(reason);
  network = await createNetwork();
  return network;
}

async function listening(on: Network, name: string): Promise<Listening> {
  const node = await on.addNode(name);
  const child = node.startChild({ command: process.execPath, arguments: ['-e', LISTENER] });
  await child.line((line) => line === 'listening', WAIT_MS);
  return { node, child };
}

async function send(from: Listening, to: Listening, text: string): Promise<void> {
  await from.node.startChild({ command: process.execPath, arguments: ['-e', SENDER, to.node.address, text] }).ended;
}

/** Whether a datagram arrives: if not, one from a third node that was sent after it does. */
async function reaches(from: Listening, to: Listening, witness: Listening): Promise<boolean> {
  const text = `${from.node.name}-${to.node.name}-${performance.now()}`;
  await send(from, to, text);
  await send(witness, to, `after ${text}`);
  await to.child.line((line) => line === `after ${text}`, WAIT_MS);
  return to.child.stdout().split('\n').includes(text);
}

describe('a network of namespaces', () => {
  it('is cut one way, both ways, in part, and healed', async (context) => {
    const here = await made(context);
    const [a, b, c] = [await listening(here, 'a'), await listening(here, 'b'), await listening(here, 'c')];
    expect(await reaches(a, b, c)).toBe(true);
    await here.cut('a', 'b');
    expect([await reaches(a, b, c), await reaches(b, a, c)]).toEqual([false, true]);
    await here.partition(['a'], ['b']);
    expect([await reaches(b, a, c), await reaches(a, c, b)]).toEqual([false, true]);
    await here.heal();
    expect([await reaches(a, b, c), await reaches(b, a, c)]).toEqual([true, true]);
  });

  it('reaches a node from the runner, more slowly when it is limited, and not when it is unplugged or cut off from it', async (context) => {
    const here = await made(context);
    const node = await here.addNode('server');
    const child = node.startChild({ command: process.execPath, arguments: ['-e', SERVER] });
    await child.line((line) => line === 'listening', WAIT_MS);
    expect(await download(node)).toBe('done');
    await here.limit('server', 500_000);
    const startedAt = performance.now();
    expect(await download(node)).toBe('done');
    // Eight tenths of a second, less what the bucket lets through at once.
    expect(performance.now() - startedAt).toBeGreaterThan(500);
    await here.heal();
    await here.unplug('server');
    expect(await download(node)).toBe('timeout');
    await here.plug('server');
    // The kernel takes up to a second to notice a cable.
    await expect.poll(() => download(node), { timeout: WAIT_MS }).toBe('done');
    await here.cut('server', RUNNER);
    expect(await download(node)).toBe('timeout');
    expect(child.stderr()).toBe('');
  });

  it('leaves nothing behind, also when its process is killed, once the next one looks', async (context) => {
    await made(context);
    const script = `const { createNetwork } = await import(${JSON.stringify(fileURLToPath(new URL('network.ts', import.meta.url)))});
      const network = await createNetwork(); const node = await network.addNode('left');
      const child = node.startChild({ command: 'sleep', arguments: ['60'] });
      console.log(node.namespace, child.pid); await new Promise(() => setInterval(() => {}, 1000));`;
    const crashing = startChild({ command: process.execPath, arguments: ['--input-type=module', '-e', script] });
    const line = await crashing.line((text) => text.startsWith('moldau-'), WAIT_MS);
    const [namespace = '', pid = ''] = line.split(' ');
    expect(isLeftOver(namespace)).toBe(false);
    crashing.kill('SIGKILL');
    await crashing.ended;
    expect(isLeftOver(namespace)).toBe(true);
    await sweepNamespaces();
    const list = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
    expect(list).not.toContain(`moldau-${crashing.pid}-`);
    // The kernel takes a namespace down after it has said that it did.
    await expect.poll(() => execFileSync('ip', ['link'], { encoding: 'utf8' })).not.toContain(`md${crashing.pid.toString(36)}x`);
    await expect.poll(() => isGone(Number(pid))).toBe(true);
  });
});

/** One that was killed and that nobody has waited for is gone too. */
function isGone(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** Reads all that the server has to say. */
async function download(node: NetworkNode): Promise<'done' | 'timeout'> {
  const socket = connect({ host: node.address, port: PORT });
  const ended = once(socket.resume(), 'end').then(() => 'done' as const);
  const timer = new AbortController();
  const late = new Promise<'timeout'>((resolve) => {
    const handle = setTimeout(() => resolve('timeout'), 1_500);
    timer.signal.addEventListener('abort', () => clearTimeout(handle));
  });
  const what = await Promise.race([ended.catch(() => 'timeout' as const), late]);
  timer.abort();
  socket.destroy();
  return what;
}
