import type { ConnectorPlugin } from '@moldau/connect';
import { httpSink } from './sink/http-sink.ts';
import { httpSource } from './source/http-source.ts';

/** HTTP as a source and a sink. */
export const plugin: ConnectorPlugin = { name: 'http', definitions: [httpSource, httpSink] };
