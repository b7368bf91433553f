import type { MetadataStore } from '@moldau/cluster';
import { createEngineClient, type EngineLink, MetadataEngine, unavailable } from '@moldau/cluster/memory';
import { type Clock, type Disk, DiskError, type Logger, MoldauError, type Scheduler } from '@moldau/kernel';
import { ChangeLog } from './change-log.ts';
import { recover } from './recovery.ts';
import { ENDED_LEASE } from './snapshot-file.ts';

export interface EmbeddedStoreDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

export interface EmbeddedStoreOptions {
  /** A directory of the store's own, below one whose lock the caller holds; made when absent. */
  readonly directory: string;
  /** Bytes of log that lead to a snapshot, at least. Default 4 MiB. */
  readonly snapshotLogBytesMin?: number;
}

/**
 * Opens the metadata store of a directory. All clients are in this process, so keys that were on a lease when the last process
 * ended are deleted first, as one transaction. Closing the store ends the engine.
 *
 * Rejects CORRUPT_LOG when synced bytes are damaged, DATA_DIRECTORY_UNUSABLE when the disk refuses.
 */
export async function createEmbeddedMetadataStore(deps: EmbeddedStoreDeps, options: EmbeddedStoreOptions): Promise<MetadataStore> {
  const { disk, clock, scheduler, logger } = deps;
  const { directory } = options;
  const { log, engine } = await open();
  await engine.endLease(ENDED_LEASE);
  const link = createDirectLink(scheduler);
  const client = createEngineClient({ clock, scheduler, engine, link });
  return {
    ...client,
    async close() {
      await client.close();
      await engine.settled().catch(() => undefined);
      engine.stop(unavailable('it was closed'));
      await log.close();
    },
  };

  async function open(): Promise<{ readonly log: ChangeLog; readonly engine: MetadataEngine }> {
    try {
      await makeDurableDirectory(disk, directory);
      const recovered = await recover(disk, directory, logger);
      const log = new ChangeLog({ disk, scheduler, logger }, directory, recovered, options.snapshotLogBytesMin);
      const engine = new MetadataEngine({ clock, scheduler, commit: (change) => log.append(change) }, recovered.state);
      logger.info('opened the embedded metadata store', { directory, revision: recovered.state.headRevision() });
      return { log, engine };
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      const facts = { directory, reason: error.kind };
      throw new MoldauError('DATA_DIRECTORY_UNUSABLE', `metadata directory ${directory}: ${error.message}`, facts, { cause: error });
    }
  }
}

/** Makes the directory and its missing parents, and their names durable. */
async function makeDurableDirectory(disk: Disk, directory: string): Promise<void> {
  const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/'))) || (path.startsWith('/') ? '/' : '.');
  const parents = [parentOf(directory)];
  for (let path = parentOf(directory); (await disk.stat(path)) === undefined; path = parentOf(path)) parents.push(parentOf(path));
  await disk.makeDirectory(directory);
  for (const parent of parents) await disk.syncDirectory(parent);
}

/** Client and engine share a process: calls run at once, watches a turn later. */
function createDirectLink(scheduler: Scheduler): EngineLink {
  return {
    call: async (request) => request(),
    deliver: (callback) => scheduler.nextTurn(callback),
    connected: () => true,
  };
}
