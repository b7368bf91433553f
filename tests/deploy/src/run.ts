import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface RunOutcome {
  readonly status: number;
  readonly out: string;
}

/** Runs a program to its end, whatever that is; standard output and error in one. */
export async function run(program: string, argv: readonly string[], options: { readonly timeoutMs?: number } = {}): Promise<RunOutcome> {
  const limits = { maxBuffer: 2 ** 26, timeout: options.timeoutMs ?? 60_000 };
  try {
    const { stdout, stderr } = await promisify(execFile)(program, [...argv], limits);
    return { status: 0, out: stdout + stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number | string; stdout?: string; stderr?: string };
    return { status: typeof code === 'number' ? code : 1, out: `${stdout}${stderr}` };
  }
}

/** The same for what must succeed. @throws Error with what it printed */
export async function succeed(program: string, argv: readonly string[], options: { readonly timeoutMs?: number } = {}): Promise<string> {
  const { status, out } = await run(program, argv, options);
  if (status !== 0) throw new Error(`${program} ${argv.join(' ')} ended with ${status}: ${out}`);
  return out;
}
