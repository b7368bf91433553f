import { execFile } from 'node:child_process';

/** What is kept of a tool's output. */
const OUTPUT_BYTES_MAX = 16 * 2 ** 20;

export interface ToolOptions {
  readonly timeoutMs: number;
  readonly workingDirectory?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ToolResult {
  /** Undefined: it could not be started, or ran too long. */
  readonly status: number | undefined;
  /** What it wrote, both streams. */
  readonly output: string;
}

/** Runs a program to its end. Never rejects. */
export function runTool(command: string, parameters: readonly string[], options: ToolOptions): Promise<ToolResult> {
  return new Promise((resolve) => {
    execFile(
      command,
      [...parameters],
      {
        cwd: options.workingDirectory,
        env: { ...process.env, ...options.environment },
        timeout: options.timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: OUTPUT_BYTES_MAX,
      },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
        resolve({ status, output: `${stdout}${stderr}${status === undefined ? (error?.message ?? '') : ''}` });
      },
    );
  });
}
