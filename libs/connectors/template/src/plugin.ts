import type { ConnectorPlugin } from '@moldau/connect';
import { journalSink } from './sink/journal-sink.ts';
import { tickSource } from './source/tick-source.ts';

/** What the worker loads: every package of connectors exports this name. */
export const plugin: ConnectorPlugin = { name: 'template', definitions: [tickSource, journalSink] };
