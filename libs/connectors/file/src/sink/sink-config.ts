import { type ConfigOf, declareConfig, field } from '@moldau/connect';

const fields = {
  file: field.string({
    doc: 'File that lines are added to: an absolute path. `${topic}`, `${partition}` and `${task}` in it are replaced.',
    check: (path) => (path.startsWith('/') ? undefined : `${path} is no absolute path`),
    limits: 'an absolute path',
    importance: 'high',
  }),
  'rotate.max.bytes': field.size({
    doc: 'A file that has reached this size is renamed to `NAME.1`, the older one to `NAME.2` and so on. 0: never.',
    default: 0,
    min: 0,
  }),
  'rotate.max.files': field.integer({
    doc: 'How many renamed files are kept; older ones are deleted.',
    default: 10,
    min: 1,
    max: 1_000,
  }),
} as const;

/** Settings of the file sink. */
export const sinkConfig = declareConfig(fields);

export type FileSinkConfig = ConfigOf<typeof fields>;
