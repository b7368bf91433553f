import { runStandalone, type Standalone, type StandaloneOptions } from '@moldau/standalone-app';
import { type ScratchDirectory, scratchDirectory } from '../scratch-directory.ts';

/** Options of standalone, with a scratch directory and free ports where nothing is said. */
export type StartOptions = Partial<StandaloneOptions>;

/** A standalone in this process: quick to start, and its code is profiled with the test's own. */
export async function startStandalone(options: StartOptions = {}): Promise<Standalone> {
  const scratch: ScratchDirectory | undefined = options.dataDir === undefined ? scratchDirectory('standalone') : undefined;
  const dataDir = options.dataDir ?? `${scratch?.path}/data`;
  try {
    const standalone = await runStandalone({ port: 0, adminPort: 0, ...options, dataDir });
    const shutdown = async (): Promise<void> => {
      await standalone.shutdown();
      scratch?.remove();
    };
    return { ...standalone, shutdown, [Symbol.asyncDispose]: shutdown };
  } catch (error) {
    scratch?.remove();
    throw error;
  }
}
