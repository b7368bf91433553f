import type { ConnectorPlugin } from '@moldau/connect';
import { postgresSink } from './sink/postgres-sink.ts';
import { postgresSource } from './source/postgres-source.ts';

/** Tables of PostgreSQL as sources and sinks. */
export const plugin: ConnectorPlugin = { name: 'postgres', definitions: [postgresSource, postgresSink] };
