import type { ConnectorPlugin } from '@moldau/connect';
import { syslogSource } from './syslog-source.ts';

/** Syslog as a source. */
export const plugin: ConnectorPlugin = { name: 'syslog', definitions: [syslogSource] };
