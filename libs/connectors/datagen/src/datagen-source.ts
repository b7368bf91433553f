import type { JsonObject, SourceDefinition } from '@moldau/connect';
import { type DatagenConfig, datagenConfig } from './datagen-config.ts';
import { DatagenTask } from './datagen-task.ts';

/** Makes up records at a steady rate. */
export const datagenSource: SourceDefinition<DatagenConfig> = {
  kind: 'source',
  name: 'DatagenSource',
  aliases: ['DatagenConnector', 'io.confluent.kafka.connect.datagen.DatagenConnector'],
  version: '0.1.0',
  doc: 'Makes up orders, clicks or log lines at a steady rate, the same ones for the same seed.',
  config: datagenConfig,
  exactlyOnce: true,
  plan: (config, maxTasks) => {
    const tasks = config['max.records'] === 0 ? maxTasks : Math.min(maxTasks, config['max.records']);
    return Promise.resolve(Array.from({ length: tasks }, (_, task): JsonObject => ({ task, of: tasks })));
  },
  start: async (config, settings, context) => {
    const { task, of } = settings;
    if (typeof task !== 'number' || typeof of !== 'number') throw new Error(`not settings of a task: ${JSON.stringify(settings)}`);
    const stored = await context.storedOffset({ task, of });
    const next = stored?.['next'] ?? task;
    if (typeof next !== 'number' || !Number.isSafeInteger(next)) throw new Error(`not a stored offset: ${JSON.stringify(stored)}`);
    return new DatagenTask({ config, share: { task, of }, context, next });
  },
};
