import type { SinkDefinition } from '@moldau/connect';
import { type JournalConfig, journalConfig } from './journal-config.ts';
import { JournalTask } from './journal-task.ts';

/** Keeps each partition as a file of lines. */
export const journalSink: SinkDefinition<JournalConfig> = {
  kind: 'sink',
  name: 'JournalSink',
  aliases: [],
  version: '0.1.0',
  doc: 'Keeps each partition as a file of JSON lines, offset and value.',
  config: journalConfig,
  // The target says how far it is, so no record comes twice. Say false where a crash may write some again.
  exactlyOnce: true,
  start: (config, context) => Promise.resolve(new JournalTask(config, context)),
};
