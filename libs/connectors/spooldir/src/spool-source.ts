import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { FieldError, SourceDefinition } from '@moldau/connect';
import { type SpoolConfig, spoolConfig } from './spool-config.ts';
import { SpoolTask } from './spool-task.ts';

/** Reads files that others drop into a folder. */
export const spoolSource: SourceDefinition<SpoolConfig> = {
  kind: 'source',
  name: 'SpoolDirSource',
  aliases: ['SpoolDirSourceConnector'],
  version: '0.1.0',
  doc: 'Reads files that are dropped into a folder, CSV, JSON lines or plain lines, and archives each once all of it is written.',
  config: spoolConfig,
  exactlyOnce: true,
  validate: async (config) => (await Promise.all(FOLDERS.map((name) => folderErrors(name, config[name])))).flat(),
  // Each task finds its share of the files itself, so nothing has to be planned again when one appears.
  plan: (_config, maxTasks) => Promise.resolve(Array.from({ length: maxTasks }, (_, task) => ({ task, of: maxTasks }))),
  start: (config, settings, context) => {
    const { task, of } = settings;
    if (typeof task !== 'number' || typeof of !== 'number') throw new Error(`not settings of a task: ${JSON.stringify(settings)}`);
    return Promise.resolve(new SpoolTask(config, { task, of }, context));
  },
};

const FOLDERS = ['input.path', 'finished.path', 'error.path'] as const;

async function folderErrors(field: (typeof FOLDERS)[number], path: string | undefined): Promise<readonly FieldError[]> {
  if (path === undefined) return [];
  try {
    if (!(await stat(path)).isDirectory()) return [{ field, message: `${path} is no folder` }];
    // Files are moved out of the one and into the others.
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    return [{ field, message: error instanceof Error ? error.message : String(error) }];
  }
}
