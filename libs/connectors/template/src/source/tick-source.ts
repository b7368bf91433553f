import type { SourceDefinition } from '@moldau/connect';
import { type TickConfig, tickConfig } from './tick-config.ts';
import { TickTask } from './tick-task.ts';

/** Gives a number every so often. */
export const tickSource: SourceDefinition<TickConfig> = {
  kind: 'source',
  name: 'TickSource',
  aliases: [],
  version: '0.1.0',
  doc: 'Gives a number every so often.',
  config: tickConfig,
  // Positions name exactly what was read. Say false where a restart may read something twice.
  exactlyOnce: true,
  // `validate` may ask the outside here: can we connect, does the table exist. It has the secrets, and 30 seconds.
  // The work, shared out: one settings object for each task, at most `maxTasks` of them. Each task here counts its own numbers.
  plan: (_config, maxTasks) => Promise.resolve(Array.from({ length: maxTasks }, (_, counter) => ({ counter }))),
  start: async (config, { counter }, context) => {
    if (typeof counter !== 'number') throw new Error(`not settings of a task: ${JSON.stringify({ counter })}`);
    return TickTask.start(config, counter, context);
  },
};
