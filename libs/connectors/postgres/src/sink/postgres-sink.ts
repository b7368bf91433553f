import type { SinkDefinition } from '@moldau/connect';
import { Session } from '../connection/session.ts';
import { PostgresSinkTask } from './postgres-sink-task.ts';
import { type PostgresSinkConfig, sinkConfig } from './sink-config.ts';

/** Writes records as rows. */
export const postgresSink: SinkDefinition<PostgresSinkConfig> = {
  kind: 'sink',
  name: 'PostgresSink',
  aliases: ['JdbcSink', 'JdbcSinkConnector', 'io.confluent.connect.jdbc.JdbcSinkConnector', 'io.aiven.connect.jdbc.JdbcSinkConnector'],
  version: '0.1.0',
  doc: 'Writes records as rows: insert, upsert, update, delete; makes and extends tables.',
  config: sinkConfig,
  exactlyOnce: false,
  validate: async (config) => {
    const session = new Session(config, 'moldau validate');
    try {
      await session.query('SELECT 1');
      return [];
    } catch (error) {
      return [{ field: 'connection.url', message: error instanceof Error ? error.message : String(error) }];
    } finally {
      await session.close();
    }
  },
  start: (config, context) => Promise.resolve(new PostgresSinkTask(config, context)),
};
