// npm run bench [-- options]: prints figures, side by side with a real Kafka where one is given.
import { join, resolve } from 'node:path';
import { KafkaAnchor } from './kafka/kafka-anchor.ts';
import { describeMachine } from './measure/machine.ts';
import { micro } from './micro/micro.ts';
import { commandOf, parseOptions } from './options.ts';
import { type Figure, reached } from './report/figure.ts';
import { writePerformancePage } from './report/performance-page.ts';
import { renderFigures, renderMachine } from './report/render.ts';
import { Results, type ScenarioResult } from './report/results.ts';
import { clusterLatency } from './scenarios/cluster-latency.ts';
import { clusterPartitions } from './scenarios/cluster-partitions.ts';
import { clusterProduce } from './scenarios/cluster-produce.ts';
import { clusterResources } from './scenarios/cluster-resources.ts';
import { commits } from './scenarios/commits.ts';
import { connect } from './scenarios/connect.ts';
import { connectTakeover } from './scenarios/connect-takeover.ts';
import { clusterCopy, copy } from './scenarios/copy.ts';
import { dirtyPartitions } from './scenarios/dirty-partitions.ts';
import { distance } from './scenarios/distance.ts';
import { endToEndLatency } from './scenarios/end-to-end-latency.ts';
import { flat } from './scenarios/flat.ts';
import { freshProcesses } from './scenarios/fresh-processes.ts';
import { groupRebalance } from './scenarios/group-rebalance.ts';
import { manyPartitions } from './scenarios/many-partitions.ts';
import { produceSideBySide } from './scenarios/produce-side-by-side.ts';
import { recovery } from './scenarios/recovery.ts';
import { resources } from './scenarios/resources.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { storedSize } from './scenarios/stored-size.ts';
import { clusterTransactions, transactions } from './scenarios/transactions.ts';

/** In the order of the page: what is compared with Kafka first. */
const STANDALONE: readonly Scenario[] = [
  produceSideBySide,
  freshProcesses,
  endToEndLatency,
  resources,
  dirtyPartitions,
  distance,
  storedSize,
  flat,
  recovery,
  manyPartitions,
  transactions,
  copy,
  micro,
];
const CLUSTER: readonly Scenario[] = [
  clusterProduce,
  clusterLatency,
  clusterResources,
  clusterPartitions,
  clusterTransactions,
  clusterCopy,
  groupRebalance,
  commits,
];
/** Connector workers beside one broker. */
const CONNECT: readonly Scenario[] = [connect, connectTakeover];
const ROOT = resolve(import.meta.dirname, '../..');
const EXIT = { reached: 0, missed: 1, failed: 2, interrupted: 130 } as const;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const options = parseOptions({ standalone: STANDALONE, cluster: CLUSTER, connect: CONNECT });
const machine = describeMachine();
const order = [...STANDALONE, ...CLUSTER, ...CONNECT].map(({ name }) => name);
const published = options.write ? Results.open(join(ROOT, 'docs/performance.json'), order) : undefined;
const ofThisRun = options.json === undefined ? undefined : Results.create(resolve(options.json), order);

/** Written at once: a later scenario may fail, or take the machine with it. */
function publish(result: ScenarioResult): void {
  ofThisRun?.put(result);
  published?.put(result);
  if (published !== undefined) writePerformancePage(ROOT, published.all());
}

/** The figures, or why there are none. */
async function runScenario(scenario: Scenario): Promise<readonly Figure[] | string> {
  say(`${scenario.name}: ${scenario.description}`);
  kafka = options.kafkaScript === undefined ? undefined : new KafkaAnchor(options.kafkaScript, scenario.kafkaBrokers ?? 1, say);
  try {
    const outcome = await scenario.run({ kafka, runs: options.runs, scale: options.scale, say });
    const measured = 'notRun' in outcome ? { figures: [], notRun: outcome.notRun } : { figures: outcome };
    publish({
      scenario: scenario.name,
      measuredOn: new Date().toISOString().slice(0, 'YYYY-MM-DD'.length),
      machine,
      runs: options.runs,
      scale: options.scale,
      command: commandOf(options, scenario.name),
      ...measured,
    });
    if (measured.notRun !== undefined) return `not run: ${measured.notRun}`;
    say(`\n${renderFigures(measured.figures)}\n`);
    return measured.figures;
  } catch (error) {
    return `failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  } finally {
    await kafka?.stop();
  }
}

function namesOf(some: readonly Figure[]): string {
  return some.map(({ group, name }) => `${group}, ${name}`).join('; ');
}

/** That of the scenario under way. */
let kafka: KafkaAnchor | undefined;
say(renderMachine(machine));
if (options.kafkaScript === undefined) say('No Kafka to compare with: pass --against-kafka=SCRIPT for ratios.');
// Ends like any other way: servers are killed and their data removed.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void (kafka?.stop() ?? Promise.resolve()).finally(() => process.exit(EXIT.interrupted)));
}

const figures: Figure[] = [];
const failures: string[] = [];
for (const scenario of options.scenarios) {
  const outcome = await runScenario(scenario);
  if (typeof outcome !== 'string') figures.push(...outcome);
  else {
    failures.push(scenario.name);
    say(`  ${scenario.name} ${outcome}\n`);
  }
}
const missed = figures.filter((figure) => reached(figure) === false);
const uncompared = figures.filter((figure) => figure.goal !== undefined && reached(figure) === undefined);
if (uncompared.length > 0) say(`Not compared: ${namesOf(uncompared)}.`);
if (failures.length > 0) say(`Without figures: ${failures.join(', ')}.`);
if (missed.length > 0) say(`Not reached: ${namesOf(missed)}.`);
else if (figures.length > 0) say('Every goal that could be compared is reached.');
process.exitCode = failures.length > 0 ? EXIT.failed : missed.length > 0 ? EXIT.missed : EXIT.reached;
