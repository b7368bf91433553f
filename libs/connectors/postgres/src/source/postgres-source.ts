import type { FieldError, JsonObject, PlanContext, SourceDefinition } from '@moldau/connect';
import { Session } from '../connection/session.ts';
import { PostgresSourceTask } from './postgres-source-task.ts';
import { type PostgresSourceConfig, sourceConfig } from './source-config.ts';
import { matchingTables } from './tables.ts';

/** Reads rows of tables as they come and change. */
export const postgresSource: SourceDefinition<PostgresSourceConfig> = {
  kind: 'source',
  name: 'PostgresSource',
  aliases: [
    'JdbcSource',
    'JdbcSourceConnector',
    'io.confluent.connect.jdbc.JdbcSourceConnector',
    'io.aiven.connect.jdbc.JdbcSourceConnector',
  ],
  version: '0.1.0',
  doc: 'Reads new and changed rows of tables, views or a query by a growing number, a time, or both.',
  config: sourceConfig,
  exactlyOnce: true,
  validate: async (config): Promise<readonly FieldError[]> => {
    const session = new Session(config, 'moldau validate');
    try {
      if (config.query !== undefined) {
        await session.query(`SELECT * FROM (${config.query.replace(/;\s*$/, '')}\n) AS source LIMIT 0`);
        return [];
      }
      const tables = await matchingTables(session, config['table.whitelist']);
      return tables.length > 0 ? [] : [{ field: 'table.whitelist', message: `no table is called ${config['table.whitelist'].join(', ')}` }];
    } catch (error) {
      return [
        { field: config.query === undefined ? 'connection.url' : 'query', message: error instanceof Error ? error.message : String(error) },
      ];
    } finally {
      await session.close();
    }
  },
  plan: async (config, maxTasks, context) => {
    if (config.query !== undefined) return [{ tables: [] }];
    const session = new Session(config, 'moldau plan');
    try {
      const tables = await matchingTables(session, config['table.whitelist']);
      watch(config, tables, context);
      return share(tables, maxTasks);
    } finally {
      await session.close();
    }
  },
  start: (config, settings, context) => {
    const { tables } = settings;
    if (!Array.isArray(tables)) throw new Error(`not settings of a task: ${JSON.stringify(settings)}`);
    return PostgresSourceTask.start(config, tables as readonly string[], context);
  },
};

function share(tables: readonly string[], maxTasks: number): readonly JsonObject[] {
  const count = Math.min(tables.length, maxTasks);
  return Array.from({ length: count }, (_, task) => ({ tables: tables.filter((_table, index) => index % count === task) }));
}

/** Looks for other tables from time to time, until the connector ends or there are some. */
function watch(config: PostgresSourceConfig, known: readonly string[], context: PlanContext): void {
  const look = async (): Promise<void> => {
    if (context.signal.aborted) return;
    const session = new Session(config, 'moldau plan');
    try {
      const tables = await matchingTables(session, config['table.whitelist']);
      if (tables.join('\n') !== known.join('\n')) return context.signalChange();
    } catch (error) {
      context.logger.warn('the tables could not be listed; tried again later', {
        error: error instanceof Error ? error.message : String(error),
      });
    } finally {
      await session.close();
    }
    again();
  };
  const again = (): void => {
    const timer = context.scheduler.after(config['table.poll.interval.ms'], () => void look());
    context.signal.addEventListener('abort', () => timer.cancel(), { once: true });
  };
  again();
}
