import { type Disk, MoldauError, partitionKey } from '@moldau/kernel';
import { noteBoot } from './boot-id.ts';
import { type CleanPartition, type CleanShutdown, reopenPartition, takeCleanShutdown } from './clean-shutdown.ts';
import { openMeta, unusable } from './directory-meta.ts';
import { DirectoryRuntime } from './directory-runtime.ts';
import { forEachBounded } from './disk-calls.ts';
import { type FoundPartition, findPartitions, missingPartition, recoverFound } from './found-partition.ts';
import { type ReadCheckpoint, readCheckpoint } from './high-watermark-checkpoint.ts';
import { RecoveredJournal, readJournal, removeJournal } from './journal-recovery.ts';
import { LogDirectory, type RecoveryReport } from './log-directory.ts';
import { type LogDirectoryOptions, logDirectorySettings, type StoragePorts } from './options.ts';
import { JOURNAL_DIRECTORY, LOCK_FILE, TOPICS_DIRECTORY, topicDirectory } from './paths.ts';

/** Partitions recovered at once. */
const RECOVERY_CONCURRENCY = 16;

/**
 * Opens a data directory, formatting it when it is new: lock, `meta.json`, recovery, background work. After a clean
 * shutdown only the sizes of files are looked at; after any other stop unsealed segments and the journal are read.
 *
 * @throws MoldauError DATA_DIRECTORY_LOCKED, WRONG_CLUSTER, WRONG_BROKER, UNSUPPORTED_FORMAT, DATA_DIRECTORY_UNUSABLE, DISK_FULL
 */
export async function openLogDirectory(ports: StoragePorts, options: LogDirectoryOptions): Promise<LogDirectory> {
  const { disk } = ports;
  const root = options.path;
  try {
    await disk.makeDirectory(root);
    const lock = await disk.lock(`${root}/${LOCK_FILE}`);
    try {
      return await openLocked(ports, options, () => lock.release());
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw unusable(root, error);
  }
}

async function openLocked(ports: StoragePorts, options: LogDirectoryOptions, unlock: () => Promise<void>): Promise<LogDirectory> {
  const { disk, clock, scheduler } = ports;
  const root = options.path;
  const startMs = clock.monotonicMs();
  const owner = { clusterId: options.clusterId, brokerId: options.brokerId };
  const meta = await openMeta(disk, root, owner, ports.ids);
  await disk.makeDirectory(`${root}/${TOPICS_DIRECTORY}`);
  await disk.makeDirectory(`${root}/${JOURNAL_DIRECTORY}`);
  await disk.syncDirectory(root);
  const sameBoot = await noteBoot(disk, root);
  const checkpoint = await readCheckpoint(disk, scheduler, root);
  const clean = await takeCleanShutdown(disk, scheduler, root);
  const journal = clean === undefined ? await readJournal(disk, scheduler, `${root}/${JOURNAL_DIRECTORY}`) : journalOf(clean);
  const settings = logDirectorySettings(options);
  const { nextGeneration, nextSequence } = journal;
  const runtime = new DirectoryRuntime(ports, {
    root,
    settings,
    checkpoint,
    nextGeneration,
    nextSequence,
    onOffline: (reason) => options.onOffline?.(reason),
  });
  try {
    await recoverAll(runtime, options, { checkpoint, clean, journal });
    const report = { ...summarise(runtime, clean !== undefined), keptWritten: sameBoot, durationMs: clock.monotonicMs() - startMs };
    ports.logger.info('the data directory is open', { path: root, ...report, cut: report.cut.length, corrupt: report.corrupt.length });
    return new LogDirectory(runtime, meta, report, unlock);
  } catch (error) {
    runtime.stopTimers();
    await runtime.descriptors.close();
    await runtime.journal.close();
    throw error;
  }
}

interface Evidence {
  readonly checkpoint: ReadCheckpoint;
  readonly clean: CleanShutdown | undefined;
  readonly journal: RecoveredJournal;
}

async function recoverAll(runtime: DirectoryRuntime, options: LogDirectoryOptions, evidence: Evidence): Promise<void> {
  const { disk } = runtime.ports;
  const found = await findPartitions(disk, runtime.root);
  if (evidence.clean === undefined) await syncNames(disk, runtime.root, found);
  const journalStays = await runtime.journal.adopt(evidence.journal.files);
  const closed = new Map<string, CleanPartition>();
  for (const each of evidence.clean?.partitions ?? []) closed.set(partitionKey(each.manifest.topicId, each.manifest.partition), each);
  let done = 0;
  await forEachBounded(found, RECOVERY_CONCURRENCY, async (place: FoundPartition) => {
    const marked = closed.get(place.key);
    const state =
      marked === undefined ? await recoverFound(runtime, place, { ...evidence, journalStays }) : await reopenPartition(runtime, marked);
    if (state !== undefined) {
      runtime.states.set(place.key, state);
      runtime.journal.skipTo(state.journalFloor);
    }
    done += 1;
    options.onRecovery?.({ done, total: found.length });
  });
  for (const entry of evidence.checkpoint.entries.values()) {
    if (runtime.states.has(entry.key)) continue;
    const state = missingPartition(runtime, entry);
    if (state !== undefined) runtime.states.set(entry.key, state);
  }
  if (runtime.condition.kind === 'offline') {
    const facts = { path: runtime.root, limit: runtime.condition.reason };
    throw new MoldauError('DATA_DIRECTORY_UNUSABLE', `${runtime.root} failed while it was recovered: ${runtime.condition.reason}`, facts);
  }
  await runtime.reserve.use(() => runtime.checkpoint.write());
  // Where its files can't be gone on with, every segment has what it gets from the journal, durably: only now may it go.
  if (!journalStays) await removeJournal(disk, `${runtime.root}/${JOURNAL_DIRECTORY}`);
  await runtime.checkSpace();
}

/** A killed process leaves names that it had not synced yet: what is flushed below them from now on must not go with them. */
async function syncNames(disk: Disk, root: string, found: readonly FoundPartition[]): Promise<void> {
  await forEachBounded(found, RECOVERY_CONCURRENCY, ({ directory }) => disk.syncDirectory(directory));
  const topics = new Set(found.map(({ topicId }) => topicDirectory(root, topicId)));
  await forEachBounded([...topics], RECOVERY_CONCURRENCY, (topic) => disk.syncDirectory(topic));
  await disk.syncDirectory(`${root}/${TOPICS_DIRECTORY}`);
}

function journalOf(clean: CleanShutdown): RecoveredJournal {
  const journal = new RecoveredJournal();
  journal.nextGeneration = clean.nextGeneration;
  journal.nextSequence = clean.nextSequence;
  return journal;
}

function summarise(runtime: DirectoryRuntime, clean: boolean): Omit<RecoveryReport, 'durationMs' | 'keptWritten'> {
  const states = [...runtime.states.values()];
  return {
    clean,
    partitions: states.length,
    cut: states
      .filter((state) => state.recoveryCutBytes > 0)
      .map(({ topicId, partition, endOffset, recoveryCutBytes }) => ({ topicId, partition, endOffset, bytes: recoveryCutBytes })),
    corrupt: states.flatMap(({ topicId, partition, status }) =>
      status.kind === 'corrupt' ? [{ topicId, partition, where: status.where }] : [],
    ),
  };
}
