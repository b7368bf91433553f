import type { SourceDefinition } from '@moldau/connect';
import { FileSourceTask } from './file-source-task.ts';
import { isPath } from './matching-files.ts';
import { type FileSourceConfig, sourceConfig } from './source-config.ts';

/** Follows files that grow, as `tail -F` does. */
export const fileSource: SourceDefinition<FileSourceConfig> = {
  kind: 'source',
  name: 'FileSource',
  aliases: ['FileStreamSource', 'FileStreamSourceConnector', 'org.apache.kafka.connect.file.FileStreamSourceConnector'],
  version: '0.1.0',
  doc: 'Follows files that grow, through rotation and truncation: each line is a record.',
  config: sourceConfig,
  exactlyOnce: true,
  plan: (config, maxTasks) => {
    // Each task finds its share of the files itself, so nothing has to be planned again when one appears.
    const tasks = config.file.every(isPath) ? Math.min(maxTasks, config.file.length) : maxTasks;
    return Promise.resolve(Array.from({ length: tasks }, (_, task) => ({ task, of: tasks })));
  },
  start: (config, settings, context) => {
    const { task, of } = settings;
    if (typeof task !== 'number' || typeof of !== 'number') throw new Error(`not settings of a task: ${JSON.stringify(settings)}`);
    return Promise.resolve(new FileSourceTask(config, { task, of }, context));
  },
};
