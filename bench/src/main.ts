// npm run bench [-- options]: prints figures, side by side with a real Kafka where one is given.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { KafkaAnchor } from './kafka/kafka-anchor.ts';
import { describeMachine } from './measure/machine.ts';
import { micro } from './micro/micro.ts';
import { type Figure, reached } from './report/figure.ts';
import { writePerformancePage } from './report/performance-page.ts';
import { renderFigures, renderMachine } from './report/render.ts';
import { consumeSideBySide } from './scenarios/consume-side-by-side.ts';
import { dirtyPartitions } from './scenarios/dirty-partitions.ts';
import { distance } from './scenarios/distance.ts';
import { endToEndLatency } from './scenarios/end-to-end-latency.ts';
import { produceSideBySide } from './scenarios/produce-side-by-side.ts';
import { resources } from './scenarios/resources.ts';
import type { BenchContext, Scenario } from './scenarios/scenario.ts';

const SCENARIOS: readonly Scenario[] = [produceSideBySide, consumeSideBySide, endToEndLatency, dirtyPartitions, distance, resources, micro];
const RUNS_DEFAULT = '5';
const QUICK = { runs: 2, scale: 0.1 };
const ROOT = resolve(import.meta.dirname, '../..');

const HELP = `npm run bench -- [options]
  --only NAMES               some of: ${SCENARIOS.map(({ name }) => name).join(', ')}
  --runs N                   counted runs of each, or pairs of runs (default ${RUNS_DEFAULT})
  --quick                    a look in a few minutes: ${QUICK.runs} runs of a tenth of the size
  --against-kafka[=SCRIPT]   side by side with the Kafka that SCRIPT runs (default: the environment's KAFKA_ANCHOR)
  --json FILE                also write the figures as JSON
  --write                    also write docs/performance.md
Scenarios:
${SCENARIOS.map(({ name, description }) => `  ${name.padEnd(26)} ${description}`).join('\n')}
`;

interface Options {
  readonly only: readonly string[] | undefined;
  readonly runs: number;
  readonly scale: number;
  readonly kafkaScript: string | undefined;
  readonly json: string | undefined;
  readonly write: boolean;
}

function parseOptions(): Options {
  const args = process.argv.slice(2);
  const against = args.find((arg) => arg === '--against-kafka' || arg.startsWith('--against-kafka='));
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== against),
    options: {
      only: { type: 'string' },
      runs: { type: 'string', default: RUNS_DEFAULT },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const script = against?.split('=')[1] ?? process.env['KAFKA_ANCHOR'];
  if (against !== undefined && script === undefined) throw new Error('--against-kafka needs a script, here or in KAFKA_ANCHOR');
  return {
    only: values.only?.split(','),
    runs: values.quick ? QUICK.runs : Number(values.runs),
    scale: values.quick ? QUICK.scale : 1,
    kafkaScript: script,
    json: values.json,
    write: values.write,
  };
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function runScenarios(options: Options): Promise<readonly Figure[]> {
  const kafka = options.kafkaScript === undefined ? undefined : new KafkaAnchor(options.kafkaScript);
  if (kafka === undefined) say('No Kafka to compare with: pass --against-kafka=SCRIPT for ratios.');
  const context: BenchContext = { kafka, runs: options.runs, scale: options.scale, say };
  const figures: Figure[] = [];
  await kafka?.up();
  try {
    for (const scenario of SCENARIOS) {
      if (options.only !== undefined && !options.only.includes(scenario.name)) continue;
      say(`${scenario.name}: ${scenario.description}`);
      figures.push(...(await scenario.run(context)));
    }
  } finally {
    await kafka?.down();
  }
  return figures;
}

const options = parseOptions();
const machine = describeMachine();
say(renderMachine(machine));
const figures = await runScenarios(options);
say(`\n${renderFigures(figures)}\n`);
if (options.json !== undefined) {
  mkdirSync(dirname(resolve(options.json)), { recursive: true });
  writeFileSync(options.json, `${JSON.stringify({ machine, runs: options.runs, figures }, undefined, 2)}\n`);
}
if (options.write) writePerformancePage(ROOT, machine, options.runs, figures);
const missed = figures.filter((figure) => reached(figure) === false);
say(
  missed.length === 0
    ? 'Every goal that could be compared is reached.'
    : `Not reached: ${missed.map(({ group, name }) => `${group}, ${name}`).join('; ')}`,
);
