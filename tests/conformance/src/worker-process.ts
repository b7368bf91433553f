import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program that prints a line for each record that it has worked on. */
export class WorkerProcess {
  readonly lines: string[] = [];
  /** What it wrote to the standard error stream. */
  errors = '';
  readonly #child: ChildProcess;

  constructor(command: string, parameters: readonly string[]) {
    this.#child = spawn(command, [...parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stderr?.on('data', (text) => (this.errors += String(text)));
    if (this.#child.stdout !== null) createInterface(this.#child.stdout).on('line', (line) => this.lines.push(line));
  }

  /** Takes the process away in the middle of whatever it does. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
