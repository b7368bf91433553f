import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, Task, TaskResult } from './protocol.ts';

const MAIN = fileURLToPath(new URL('./worker-main.ts', import.meta.url));

/** A client in a process of its own, warm between tasks. */
export class Worker implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** With the collector exposed, as the README of the client advises for much data. */
  static async connect(bootstrap: string, nodeFlags: readonly string[] = []): Promise<Worker> {
    const worker = new Worker(fork(MAIN, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: ['--expose-gc', ...nodeFlags] }));
    await worker.run({ kind: 'connect', bootstrap });
    return worker;
  }

  run<const Asked extends Task>(task: Asked): Promise<TaskResult<Asked['kind']>> {
    return new Promise((resolve, reject) => {
      const gone = (code: number | null): void => reject(new Error(`the worker ended with ${code}`));
      this.#child.once('exit', gone);
      this.#child.once('message', (answer: Answer) => {
        this.#child.off('exit', gone);
        if ('failure' in answer) reject(new Error(answer.failure));
        else resolve(answer.result as TaskResult<Asked['kind']>);
      });
      this.#child.send(task);
    });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await ended;
  }
}
