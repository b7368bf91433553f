import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runStandalone, type Standalone } from '@moldau/standalone-app';
import { type InvocationOptions, moldau, type Outcome } from './moldau.ts';

/** A server for the specs of commands, in this process, and its data directory, which outlives it. */
export interface TestServer {
  readonly address: string;
  readonly dataDir: string;
  /** Runs a command line against it. */
  moldau(argv: readonly string[], options?: InvocationOptions): Promise<Outcome>;
  /** Stops the server; the data stays. */
  stop(): Promise<void>;
  /** Stops the server and removes the data. */
  dispose(): Promise<void>;
}

export async function startTestServer(): Promise<TestServer> {
  const scratch = mkdtempSync(join(tmpdir(), 'moldau-cli-'));
  const dataDir = join(scratch, 'data');
  const standalone: Standalone = await runStandalone({ dataDir, port: 0, adminPort: 0 });
  return {
    address: standalone.address,
    dataDir,
    moldau: (argv, options) => moldau([...argv, '--bootstrap', standalone.address], options),
    stop: () => standalone.shutdown(),
    async dispose(): Promise<void> {
      await standalone.shutdown();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}
