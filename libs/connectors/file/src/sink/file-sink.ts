import type { SinkDefinition } from '@moldau/connect';
import { FileSinkTask } from './file-sink-task.ts';
import { type FileSinkConfig, sinkConfig } from './sink-config.ts';

/** Adds records to files. */
export const fileSink: SinkDefinition<FileSinkConfig> = {
  kind: 'sink',
  name: 'FileSink',
  aliases: ['FileStreamSink', 'FileStreamSinkConnector', 'org.apache.kafka.connect.file.FileStreamSinkConnector'],
  version: '0.1.0',
  doc: 'Adds each record to a file as a line. After a crash the last lines may stand there twice.',
  config: sinkConfig,
  exactlyOnce: false,
  start: (config, context) => Promise.resolve(new FileSinkTask(config, context)),
};
