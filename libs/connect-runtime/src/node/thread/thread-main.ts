import { createMoldau, type Moldau } from '@moldau/client';
import type { JsonObject, SourceDefinition } from '@moldau/connect';
import { CONNECTOR_SETTINGS, SOURCE_SETTINGS } from '../../core/connector-settings.ts';
import { maxTasks } from '../../core/decide.ts';
import { loadDefinition, loadPlugin } from './plugin-loader.ts';
import { resolveSecrets } from './secret-references.ts';
import { runSinkTask } from './sink-task.ts';
import { runSourceTask } from './source-task.ts';
import { parsedAs } from './task-config.ts';
import type { PlanJob, PluginModule, TaskJob } from './thread-messages.ts';
import { ThreadMeter } from './thread-meter.ts';
import { job, onOrder, say } from './thread-port.ts';
import { pause, threadClock, threadLogger, threadScheduler } from './thread-ports.ts';
import { fieldsOf, validateConfig } from './validate-config.ts';
import { WorkGate } from './work-gate.ts';

const BEAT_MS = 1_000;
/** Changes of the outside that come so close together are one. */
const CHANGE_SETTLES_MS = 500;

const stopping = new AbortController();
const meter = new ThreadMeter();

await main().catch((error: unknown) => say({ t: 'failed', cause: traceOf(error) }));
process.exit(0);

async function main(): Promise<void> {
  switch (job.t) {
    case 'plugins':
      for (const module of job.modules) await describe(module);
      return;
    case 'validate': {
      const definition = await loadDefinition(job.module, job.className);
      say({ t: 'validated', result: await validateConfig(definition, job.config, process.env) });
      return;
    }
    case 'plan':
      beat();
      onOrder(({ t }) => {
        if (t === 'stop') stopping.abort();
      });
      return plan(job);
    case 'task':
      beat();
      return runTask(job);
  }
}

async function describe(module: PluginModule): Promise<void> {
  say({ t: 'loading', module: module.name });
  try {
    const definitions = await loadPlugin(module);
    const classes = definitions.map((definition) => {
      const { name, aliases, kind, version, doc, exactlyOnce } = definition;
      return { name, aliases: [...aliases], kind, version, doc, exactlyOnce, fields: fieldsOf(definition) };
    });
    say({ t: 'plugin', module, classes });
  } catch (error) {
    say({ t: 'plugin-fault', module, cause: traceOf(error) });
  }
}

async function plan({ module, config, connector }: PlanJob): Promise<void> {
  const resolved = await resolveSecrets(config, process.env);
  const definition = (await loadDefinition(module, config['connector.class'] ?? '')) as SourceDefinition;
  const own = parsedAs(definition.config, resolved, [CONNECTOR_SETTINGS, SOURCE_SETTINGS]);
  const { signal } = stopping;
  while (!signal.aborted) {
    const change = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => change.resolve(), { once: true });
    let watches = false;
    const tasks: readonly JsonObject[] = await definition.plan(own, maxTasks(resolved), {
      connector,
      signal,
      clock: threadClock,
      scheduler: threadScheduler,
      logger: threadLogger(),
      // Whoever takes it watches something: the thread stays for it.
      get signalChange() {
        watches = true;
        return () => change.resolve();
      },
    });
    say({ t: 'planned', tasks, watches });
    if (!watches) return;
    await change.promise;
    await pause(CHANGE_SETTLES_MS, signal);
  }
}

async function runTask(task: TaskJob): Promise<void> {
  const gate = new WorkGate(!task.paused);
  onOrder(({ t }) => {
    if (t === 'stop') stopping.abort();
    else {
      gate.set(t === 'resume');
      say({ t: t === 'resume' ? 'resumed' : 'paused' });
    }
  });
  const config = await resolveSecrets(task.config, process.env);
  const definition = await loadDefinition(task.module, config['connector.class'] ?? '');
  const moldau = connect(task);
  const parts = { job: task, moldau, config, gate, meter, signal: stopping.signal };
  try {
    if (definition.kind === 'source') await runSourceTask(definition, parts);
    else await runSinkTask(definition, parts);
  } finally {
    await moldau.close();
    say({ t: 'beat', samples: meter.take() });
  }
}

function connect({ access, connector, task }: TaskJob): Moldau {
  return createMoldau({
    bootstrap: access.bootstrap,
    clientId: `connect-${connector}-${task}`,
    logger: threadLogger(),
    onStatus: (status) => {
      if (status.kind === 'disconnected') say({ t: 'note', text: `since ${new Date().toISOString()}: no broker answers` });
      if (status.kind === 'connected') say({ t: 'note', text: '' });
    },
    ...(access.namespace === undefined ? {} : { namespace: access.namespace }),
  });
}

function beat(): void {
  say({ t: 'beat', samples: [] });
  setInterval(() => say({ t: 'beat', samples: meter.take() }), BEAT_MS).unref();
}

function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack ?? error.cause.message}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
