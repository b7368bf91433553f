import type { SinkDefinition } from '@moldau/connect';
import { HttpSinkTask } from './http-sink-task.ts';
import { type HttpSinkConfig, sinkConfig } from './sink-config.ts';

/** Sends records to an HTTP endpoint. */
export const httpSink: SinkDefinition<HttpSinkConfig> = {
  kind: 'sink',
  name: 'HttpSink',
  aliases: ['HttpSinkConnector'],
  version: '0.1.0',
  doc: 'Sends records by HTTP in batches. After a crash the last ones are sent again, with the same idempotency keys where the batches are the same.',
  config: sinkConfig,
  exactlyOnce: false,
  start: (config, context) => Promise.resolve(new HttpSinkTask(config, context)),
};
