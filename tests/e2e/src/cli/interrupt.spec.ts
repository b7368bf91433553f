import { spawnSync } from 'node:child_process';
import { type ClientHttp2Session, connect } from 'node:http2';
import { type Child, freePort, type ScratchDirectory, scratchDirectory, startChild } from '@moldau/harness';
import { describe, expect, it, type TestContext } from 'vitest';
import { LAUNCHER, NODES } from '../fixture/launcher.ts';

const READY_MS = 30_000;
/** More than the half second within which signals are one, less than the second that calls under way get. */
const SECOND_PRESS_MS = 650;
const EXIT_INTERRUPTED = 130;

/** Runs a command in a terminal of its own and presses Ctrl-C there on SIGUSR1. */
const TERMINAL = `
import os, pty, signal, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
signal.signal(signal.SIGUSR1, lambda *_: os.write(terminal, b'\\x03'))
while True:
    try:
        chunk = os.read(terminal, 4096)
    except OSError:
        break
    if not chunk:
        break
    os.write(1, chunk)
_, status = os.waitpid(pid, 0)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
`;

/** A way to press Ctrl-C: all processes of the terminal's foreground group get SIGINT. */
interface Keyboard {
  readonly name: string;
  start(context: TestContext, command: readonly [string, ...string[]]): Child;
  press(child: Child): void;
}

const KEYBOARDS: readonly Keyboard[] = [
  {
    name: 'a terminal',
    start(context, command): Child {
      if (spawnSync('python3', ['-c', 'import pty']).status !== 0) context.skip('no python3 with its pty module');
      return startChild({ command: 'python3', arguments: ['-c', TERMINAL, ...command] });
    },
    press: (child) => child.kill('SIGUSR1'),
  },
  {
    name: 'a process group',
    start: (_, [command, ...rest]) => startChild({ command, arguments: rest, ownGroup: true }),
    press: (child) => child.kill('SIGINT'),
  },
];

interface Running extends Disposable {
  readonly child: Child;
  readonly port: number;
}

async function startStandalone(context: TestContext, node: string, keyboard: Keyboard): Promise<Running> {
  const scratch: ScratchDirectory = scratchDirectory('interrupt');
  const port = await freePort();
  const flags = ['--data', `${scratch.path}/data`, '--port', String(port), '--admin-port', '0'];
  const child = keyboard.start(context, [node, LAUNCHER, 'standalone', ...flags]);
  await child.line((line) => line.includes('is ready'), READY_MS);
  return { child, port, [Symbol.dispose]: () => scratch.remove() };
}

/** A call that never ends: the server waits a second for it before it stops. */
function openEndlessCall(port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {}); // the server breaks it
  const call = session.request({ ':method': 'POST', ':path': '/grpc.health.v1.Health/Watch', 'content-type': 'application/grpc' });
  call.on('error', () => {});
  call.end(Buffer.alloc(5)); // an empty message
  return new Promise((resolve) => call.once('data', () => resolve(session)));
}

const CASES = NODES.flatMap((node) => KEYBOARDS.map((keyboard) => ({ node: node.name, where: keyboard.name, find: node.find, keyboard })));

describe.each(CASES)('Ctrl-C in $where, on $node', ({ find, keyboard }) => {
  it('once stops the server in order, though the launcher passes the signal on as well', async (context) => {
    const node = find() ?? context.skip('no Node older than 24 on PATH');
    using running = await startStandalone(context, node, keyboard);
    const session = await openEndlessCall(running.port);
    keyboard.press(running.child);
    expect(await running.child.ended).toMatchObject({ code: 0 });
    session.destroy();
  });

  it('again ends it at once', async (context) => {
    const node = find() ?? context.skip('no Node older than 24 on PATH');
    using running = await startStandalone(context, node, keyboard);
    const session = await openEndlessCall(running.port);
    keyboard.press(running.child);
    setTimeout(() => keyboard.press(running.child), SECOND_PRESS_MS);
    expect(await running.child.ended).toMatchObject({ code: EXIT_INTERRUPTED });
    session.destroy();
  });
});
