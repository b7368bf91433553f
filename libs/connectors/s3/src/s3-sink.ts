import type { SinkDefinition } from '@moldau/connect';
import { type S3SinkConfig, s3SinkConfig } from './s3-sink-config.ts';
import { S3SinkTask } from './s3-sink-task.ts';
import { S3Store } from './s3-store.ts';

/** Writes records to S3 as objects of JSON lines. */
export const s3Sink: SinkDefinition<S3SinkConfig> = {
  kind: 'sink',
  name: 'S3Sink',
  aliases: ['S3SinkConnector', 'io.confluent.connect.s3.S3SinkConnector'],
  version: '0.1.0',
  doc: 'Writes records as objects of JSON lines. Keys and contents follow from the records alone, so what is written again after a crash is the same.',
  config: s3SinkConfig,
  exactlyOnce: true,
  async validate(config, signal) {
    const store = new S3Store(config);
    try {
      return await store.complaints(signal);
    } finally {
      store.close();
    }
  },
  start: (config, context) => Promise.resolve(new S3SinkTask(config, context)),
};
