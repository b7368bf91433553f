import type { ConnectorPlugin } from '@moldau/connect';
import { fileSink } from './sink/file-sink.ts';
import { fileSource } from './source/file-source.ts';

/** Files as sources and sinks. */
export const plugin: ConnectorPlugin = { name: 'file', definitions: [fileSource, fileSink] };
