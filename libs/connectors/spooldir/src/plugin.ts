import type { ConnectorPlugin } from '@moldau/connect';
import { spoolSource } from './spool-source.ts';

/** Folders into which others drop files. */
export const plugin: ConnectorPlugin = { name: 'spooldir', definitions: [spoolSource] };
