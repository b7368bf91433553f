import type { ConnectorPlugin } from '@moldau/connect';
import { s3Sink } from './s3-sink.ts';

/** S3, and stores that speak its API, as a sink. */
export const plugin: ConnectorPlugin = { name: 's3', definitions: [s3Sink] };
