import { once } from 'node:events';
import { createWriteStream, existsSync, statSync } from 'node:fs';
import { createMoldau, type Moldau } from '@moldau/client';
import { type ScratchDirectory, scratchDirectory, spawnStandalone } from '@moldau/harness';
import { steadyRate } from '../connect/steady-rate.ts';
import { type BenchWorker, startWorker } from '../connect/worker.ts';
import { type Figure, figureOf } from '../report/figure.ts';
import { type Scenario, scaled } from './scenario.ts';

const LINES = 2_000_000;
const LINE_BYTES = 100;
const AT_ONCE = 10_000;
const GROUP = 'Connectors, one task, lines of 100 bytes';
/** What Kafka's connect-file does on this kind of machine, in lines a second; the goals are 1.5 and 1 times the best of it. */
const KAFKA = { source: 133_000, sink: 338_000 } as const;
const SOURCE_GOAL = 1.5;

interface Rig {
  readonly moldau: Moldau;
  readonly worker: BenchWorker;
  readonly scratch: ScratchDirectory;
  readonly lines: number;
}

/** A file into a topic, and that topic into a file. */
export const connect: Scenario = {
  name: 'connect',
  description: 'lines per second from a file to a topic and from a topic to a file, by one task each',
  async run(context) {
    using scratch = scratchDirectory('bench-connect');
    await using standalone = await spawnStandalone();
    await using moldau = createMoldau({ bootstrap: standalone.address });
    await using worker = await startWorker(standalone.address, 'bench');
    const rig: Rig = { moldau, worker, scratch, lines: scaled(context, LINES) };
    await writeLines(`${scratch.path}/in`, rig.lines);
    const source: number[] = [];
    const sink: number[] = [];
    // The first of each warms the worker up.
    for (let run = 0; run <= context.runs; run++) {
      const rates = [await sourceRate(rig, `lines-${run}`), await sinkRate(rig, `lines-${run}`)];
      context.say(`  ${rates.map((rate) => Math.round(rate).toLocaleString('en-US')).join('  ')} lines/s`);
      if (run === 0) continue;
      for (const [index, list] of [source, sink].entries()) list.push(rates[index] ?? 0);
    }
    const place = (name: string): { readonly group: string; readonly name: string; readonly unit: string } => ({
      group: GROUP,
      name,
      unit: 'lines/s',
    });
    const figures: readonly Figure[] = [
      figureOf(place('file to topic, exactly once'), source, { kind: 'at least', value: KAFKA.source * SOURCE_GOAL }),
      figureOf(place('topic to file'), sink, { kind: 'at least', value: KAFKA.sink }),
    ];
    return figures;
  },
};

async function sourceRate({ moldau, worker, scratch, lines }: Rig, topic: string): Promise<number> {
  await moldau.admin().createTopics([{ name: topic, partitions: 1 }]);
  const config = { 'connector.class': 'FileSource', file: `${scratch.path}/in`, topic };
  await worker.call('PUT', `/connectors/${topic}/config`, config);
  const rate = await steadyRate(lines, () => endOf(moldau, topic));
  await worker.call('DELETE', `/connectors/${topic}`);
  return rate;
}

async function sinkRate({ worker, scratch, lines }: Rig, topic: string): Promise<number> {
  const file = `${scratch.path}/${topic}.out`;
  const name = `${topic}-out`;
  await worker.call('PUT', `/connectors/${name}/config`, { 'connector.class': 'FileSink', file, topics: topic });
  const rate = await steadyRate(lines, () => Promise.resolve(existsSync(file) ? statSync(file).size / (LINE_BYTES + 1) : 0));
  await worker.call('DELETE', `/connectors/${name}`);
  return rate;
}

async function endOf(moldau: Moldau, topic: string): Promise<number> {
  const [end] = await moldau.admin().listOffsets([{ topic, partition: 0, position: 'latest' }]);
  return Number(end?.offset ?? 0);
}

async function writeLines(path: string, count: number): Promise<void> {
  const stream = createWriteStream(path);
  for (let from = 0; from < count; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_none, index) => `${from + index} `.padEnd(LINE_BYTES, 'x'));
    if (!stream.write(`${some.join('\n')}\n`)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'close');
}
