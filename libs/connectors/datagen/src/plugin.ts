import type { ConnectorPlugin } from '@moldau/connect';
import { datagenSource } from './datagen-source.ts';

/** Made-up data as a source. */
export const plugin: ConnectorPlugin = { name: 'datagen', definitions: [datagenSource] };
