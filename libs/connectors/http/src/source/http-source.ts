import type { SourceDefinition } from '@moldau/connect';
import { HttpSourceTask } from './http-source-task.ts';
import { type HttpSourceConfig, sourceConfig } from './source-config.ts';

/** Receives webhooks. */
export const httpSource: SourceDefinition<HttpSourceConfig> = {
  kind: 'source',
  name: 'HttpSource',
  aliases: ['WebhookSource'],
  version: '0.1.0',
  doc: 'Takes records by HTTP POST, and answers 200 once they are written: JSON, newline-delimited JSON, text or bytes.',
  config: sourceConfig,
  // A sender that hears nothing sends again.
  exactlyOnce: false,
  // A port can be listened at once.
  plan: () => Promise.resolve([{}]),
  start: (config, _settings, context) => HttpSourceTask.start(config, context),
};
