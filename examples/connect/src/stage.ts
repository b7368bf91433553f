import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { freePort, spawnService, spawnStandalone } from '@moldau/harness';
import type { Say } from './example.ts';

const START_MS_MAX = 60_000;
const POLL_MS = 250;

interface NamedConfig {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

interface StatusAnswer {
  readonly connector: { readonly state: string; readonly trace?: string };
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly trace?: string }[];
}

/** A Moldau with one connector worker. */
export interface Stage extends AsyncDisposable {
  /** REST API of the worker. */
  readonly url: string;
  /** Makes the connectors of a file in `connectors/`, as `moldau connector apply -f` does. */
  apply(file: string): Promise<void>;
  /** Waits until the condition holds. @throws Error when a connector or task has failed */
  until(condition: () => Promise<boolean>): Promise<void>;
}

/** Starts it; the worker sees the environment, to which the connectors' settings refer. */
export async function startStage(environment: Readonly<Record<string, string>>, say: Say): Promise<Stage> {
  Object.assign(process.env, environment);
  const standalone = await spawnStandalone();
  try {
    const [restPort, grpcPort, adminPort] = [await freePort(), await freePort(), await freePort()];
    const addresses = [
      '--rest-host',
      '127.0.0.1',
      '--rest-port',
      String(restPort),
      '--grpc-host',
      '127.0.0.1',
      '--grpc-port',
      String(grpcPort),
    ];
    const worker = spawnService({ service: 'connector-worker', adminPort, flags: ['--bootstrap', standalone.address, ...addresses] });
    await worker.ready(START_MS_MAX);
    const url = `http://127.0.0.1:${restPort}`;
    say(`Moldau is up on ${standalone.address}, a connector worker on ${url}`);
    const names: string[] = [];
    return {
      url,
      apply: async (file) => void names.push(...(await applyFile(url, file, say))),
      until: (condition) => until(url, names, condition),
      [Symbol.asyncDispose]: async () => {
        await worker.stop();
        await standalone.dispose();
      },
    };
  } catch (error) {
    await standalone.dispose();
    throw error;
  }
}

async function applyFile(url: string, file: string, say: Say): Promise<readonly string[]> {
  const path = fileURLToPath(new URL(`../connectors/${file}`, import.meta.url));
  const connectors = JSON.parse(await readFile(path, 'utf8')) as readonly NamedConfig[];
  for (const { name, config } of connectors) {
    const answer = await call(`${url}/connectors/${name}/config`, config);
    if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
    say(`connector ${name} (${config['connector.class'] ?? ''}) is made`);
  }
  return connectors.map(({ name }) => name);
}

/** Again while the worker is not ready or its leader changes, as Kafka's documentation says. */
async function call(url: string, config: NamedConfig['config']): Promise<Response> {
  const deadline = performance.now() + START_MS_MAX;
  for (;;) {
    const answer = await fetch(url, { method: 'PUT', body: JSON.stringify(config), headers: { 'content-type': 'application/json' } });
    if ((answer.status !== 409 && answer.status !== 503) || performance.now() > deadline) return answer;
    await pause();
  }
}

async function until(url: string, names: readonly string[], condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    for (const name of names) {
      const answer = await fetch(`${url}/connectors/${name}/status`);
      if (answer.ok) assertRuns(name, (await answer.json()) as StatusAnswer);
    }
    await pause();
  }
}

function assertRuns(name: string, { connector, tasks }: StatusAnswer): void {
  const failed = [connector, ...tasks].find(({ state }) => state === 'FAILED');
  if (failed !== undefined) throw new Error(`connector ${name} has failed: ${failed.trace ?? ''}`);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
