import { parseArgs } from 'node:util';
import type { Scenario } from './scenarios/scenario.ts';

const RUNS_DEFAULT = '5';
const NAME_WIDTH = 18;
const QUICK = { runs: 2, scale: 0.1 };

/** What `npm run bench` was asked for. */
export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly runs: number;
  readonly scale: number;
  readonly kafkaScript: string | undefined;
  readonly json: string | undefined;
  readonly write: boolean;
}

/** What may be measured: by default one broker, or a cluster of three. */
export interface ScenarioLists {
  readonly standalone: readonly Scenario[];
  readonly cluster: readonly Scenario[];
  readonly connect: readonly Scenario[];
}

/** Parses the command line, or prints the help and ends the process. @throws Error that says what is wrong with it */
export function parseOptions({ standalone, cluster, connect }: ScenarioLists): Options {
  const all = [...standalone, ...cluster, ...connect];
  const args = process.argv.slice(2);
  const against = args.find((arg) => arg === '--against-kafka' || arg.startsWith('--against-kafka='));
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== against),
    options: {
      only: { type: 'string' },
      cluster: { type: 'boolean', default: false },
      connect: { type: 'boolean', default: false },
      runs: { type: 'string' },
      scale: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help({ standalone, cluster, connect }));
    process.exit(0);
  }
  const script = against?.split('=')[1] ?? process.env['KAFKA_ANCHOR'];
  if (against !== undefined && script === undefined) throw new Error('--against-kafka needs a script, here or in KAFKA_ANCHOR');
  return {
    scenarios: values.only === undefined ? (values.connect ? connect : values.cluster ? cluster : standalone) : chosen(all, values.only),
    runs: positive('--runs', values.runs ?? (values.quick ? String(QUICK.runs) : RUNS_DEFAULT)),
    scale: positive('--scale', values.scale ?? (values.quick ? String(QUICK.scale) : '1')),
    kafkaScript: script,
    json: values.json,
    write: values.write,
  };
}

/** The command that measures a scenario again in the same way. */
export function commandOf({ runs, scale, kafkaScript }: Options, scenario: string): string {
  const flags = [
    `--only ${scenario}`,
    `--runs ${runs}`,
    ...(scale === 1 ? [] : [`--scale ${scale}`]),
    ...(kafkaScript === undefined ? [] : ['--against-kafka=SCRIPT']),
  ];
  return `npm run bench -- ${flags.join(' ')}`;
}

function chosen(all: readonly Scenario[], only: string): readonly Scenario[] {
  const names = only.split(',');
  const unknown = names.filter((name) => !all.some((scenario) => scenario.name === name));
  if (unknown.length > 0) throw new Error(`--only: there is no ${unknown.join(', ')}, only ${all.map(({ name }) => name).join(', ')}`);
  return all.filter(({ name }) => names.includes(name));
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${flag}: '${text}' is not above 0`);
  return value;
}

function help({ standalone, cluster, connect }: ScenarioLists): string {
  const listed = (some: readonly Scenario[]): string =>
    some.map(({ name, description }) => `  ${name.padEnd(NAME_WIDTH)} ${description}`).join('\n');
  return `npm run bench -- [options]
  --cluster                  the scenarios of a cluster of three brokers, two or three coordinators and an etcd instead of those of one broker
  --connect                  the scenarios of connectors instead
  --only NAMES               some of the scenarios of any, separated by commas
  --runs N                   counted runs of each, or pairs of runs (default ${RUNS_DEFAULT})
  --scale N                  multiplies how much each run does (default 1); the goals are meant for 1
  --quick                    a look in a few minutes: --runs ${QUICK.runs} --scale ${QUICK.scale}
  --against-kafka[=SCRIPT]   side by side with the Kafka that SCRIPT runs (default: the environment's KAFKA_ANCHOR)
  --json FILE                also write the figures as JSON, after each scenario
  --write                    also put them into docs/performance.json and docs/performance.md, after each scenario; scenarios
                             that were not run keep the figures that they have there
Data lies in the system's folder for temporary files; TMPDIR names another one.
Ends with 0 when every goal that could be compared is reached, 1 when one is not, 2 when a scenario failed or could not run.
Scenarios:
${listed(standalone)}
With --cluster:
${listed(cluster)}
With --connect:
${listed(connect)}
`;
}
