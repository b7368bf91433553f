import { getHeapStatistics } from 'node:v8';
import { createMoldau, type Moldau } from '@moldau/client';
import type { ConnectorDefinition, JsonObject, SourceDefinition } from '@moldau/connect';
import { CONNECTOR_SETTINGS, SOURCE_SETTINGS } from '../../core/connector-settings.ts';
import { maxTasks } from '../../core/decide.ts';
import { loadDefinition, loadPlugin } from './plugin-loader.ts';
import { resolveSecrets, type SecretPorts } from './secret-references.ts';
import { runSinkTask } from './sink-task.ts';
import { runSourceTask } from './source-task.ts';
import { parsedAs } from './task-config.ts';
import type { PlanJob, PluginModule, TaskJob } from './thread-messages.ts';
import { ThreadMeter } from './thread-meter.ts';
import { job, keepSecret, onOrder, say } from './thread-port.ts';
import { pause, threadClock, threadLogger, threadScheduler } from './thread-ports.ts';
import { TopicsInUse } from './topics-in-use.ts';
import { traceOf } from './trace.ts';
import { fieldsOf, isReference, textsOf, validateConfig } from './validate-config.ts';
import { WorkGate } from './work-gate.ts';

const BEAT_MS = 1_000;
/** Changes of the outside that come so close together are one. */
const CHANGE_SETTLES_MS = 500;

const SECRETS: SecretPorts = { environment: process.env, keep: (value) => keepSecret([value]) };

const stopping = new AbortController();
const meter = new ThreadMeter();
const topics = new TopicsInUse();

await main().catch((error: unknown) => say({ t: 'failed', cause: traceOf(error) }));
process.exit(0);

async function main(): Promise<void> {
  switch (job.t) {
    case 'plugins':
      for (const module of job.modules) await describe(module);
      return;
    case 'validate': {
      const definition = await loadDefinition(job.module, job.className);
      keepPasswords(definition, textsOf(job.config));
      const ports = { ...SECRETS, defaults: job.defaults };
      say({ t: 'validated', result: await validateConfig(definition, job.config, ports) });
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
  const resolved = await resolveSecrets(config, SECRETS);
  const definition = (await loadDefinition(module, config['connector.class'] ?? '')) as SourceDefinition;
  keepPasswords(definition, resolved);
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
  const config = await resolveSecrets(task.config, SECRETS);
  const definition = await loadDefinition(task.module, config['connector.class'] ?? '');
  keepPasswords(definition, config);
  const moldau = connect(task);
  const parts = { job: task, moldau, config, gate, meter, topics, signal: stopping.signal };
  try {
    if (definition.kind === 'source') await runSourceTask(definition, parts);
    else await runSinkTask(definition, parts);
  } finally {
    await moldau.close();
    say({ t: 'beat', samples: meter.take(), bufferBytes: 0, topics: topics.take() });
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

/** Passwords that were written out are as little to be shown as those by reference. */
function keepPasswords(definition: ConnectorDefinition, config: Readonly<Record<string, string>>): void {
  const passwords = Object.entries(definition.config.fields).filter(([, { type }]) => type === 'PASSWORD');
  for (const [name, { prefix }] of passwords) {
    const mine = Object.entries(config).filter(([key]) => (prefix ? key.startsWith(name) : key === name));
    keepSecret(mine.map(([, value]) => value).filter((value) => !isReference(value)));
  }
}

function beat(): void {
  const tell = (): void =>
    say({ t: 'beat', samples: meter.take(), bufferBytes: getHeapStatistics().external_memory, topics: topics.take() });
  tell();
  setInterval(tell, BEAT_MS).unref();
}
