import { type ConfigOf, declareConfig, field } from '@moldau/connect';

const fields = {
  folder: field.string({
    doc: 'Folder of the journals: one file for each partition.',
    check: (path) => (path.startsWith('/') ? undefined : `${path} is no absolute path`),
    limits: 'an absolute path',
    importance: 'high',
  }),
} as const;

/** Settings of the journal sink. */
export const journalConfig = declareConfig(fields);

export type JournalConfig = ConfigOf<typeof fields>;
