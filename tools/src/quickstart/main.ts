// The quickstart: a standalone Moldau, the flights of the npm package vega-datasets through it, and what to try next.
// With --exit it ends after that.
import { resolve } from 'node:path';
import { createMoldau, type Moldau } from '@moldau/client';
import { onStopSignals } from '@moldau/service/stop-signals';
import colors from 'picocolors';
import { DelayTable } from './delay-table.ts';
import { type Flight, readFlights, readShortFlights } from './flights.ts';
import { type LoadFigures, publish, readBack, recreateTopic } from './load.ts';
import { startBar } from './progress-bar.ts';
import { type StandaloneProcess, startStandalone } from './standalone-process.ts';

const FLIGHTS = 'flights';
const VOLUME = 'flights-volume';
const PARTITIONS = 6;
/** Ended by a second Ctrl-C, which standalone gets too. */
const EXIT_INTERRUPTED = 130;
const DEFAULT_BOOTSTRAP = '127.0.0.1:9092';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const root = resolve(import.meta.dirname, '../../..');
  const standalone = await startStandalone(root, resolve(root, '.moldau'));
  const interrupted = new Promise<void>((done) => {
    onStopSignals({ process, first: () => done(), again: () => process.exit(EXIT_INTERRUPTED) });
  });
  try {
    say(
      `${colors.bold('Moldau standalone')} is up on ${standalone.bootstrap} after ${(standalone.readyMs / 1000).toFixed(1)} s (metrics: http://${standalone.adminAddress}/metrics)`,
    );
    await streamFlights(standalone);
    if (process.argv.includes('--exit')) return;
    say(nextSteps(standalone));
    await Promise.race([interrupted, standalone.ended]);
  } finally {
    await standalone.stop();
  }
}

async function streamFlights(standalone: StandaloneProcess): Promise<void> {
  const moldau = createMoldau({ bootstrap: standalone.bootstrap, clientId: 'quickstart' });
  try {
    await load(moldau, FLIGHTS, await readFlights(), (flight) => flight.origin);
    await load(moldau, VOLUME, await readShortFlights(), (flight) => String(flight.distance));
    const table = new DelayTable();
    await read(moldau, FLIGHTS, (value) => table.add(JSON.parse(Buffer.from(value).toString()) as Flight));
    await read(moldau, VOLUME, () => {});
    say(`\n${table.toString()}\n${table.flights.toLocaleString('en')} flights read back; the table is computed from them.`);
  } finally {
    await moldau.close();
  }
}

async function load<Row>(moldau: Moldau, topic: string, rows: readonly Row[], keyOf: (row: Row) => string): Promise<void> {
  await recreateTopic(moldau, topic, PARTITIONS);
  const bar = startBar(`publish to ${topic}`, rows.length);
  const figures = await publish(moldau, topic, rows, keyOf, (done) => bar.update(done));
  bar.stop();
  say(`  published ${line(topic, figures)}, every record flushed to disk before it was acknowledged`);
}

async function read(moldau: Moldau, topic: string, each: (value: Uint8Array) => void): Promise<void> {
  const figures = await readBack(
    moldau,
    topic,
    (_key, value) => value !== null && each(value),
    () => {},
  );
  say(`  read      ${line(topic, figures)}`);
}

function line(topic: string, { records, milliseconds }: LoadFigures): string {
  const perSecond = Math.round((records / milliseconds) * 1000);
  return `${records.toLocaleString('en').padStart(7)} records ${topic.padEnd(14)} ${perSecond.toLocaleString('en').padStart(9)} records/s`;
}

function nextSteps({ bootstrap }: StandaloneProcess): string {
  const at = bootstrap === DEFAULT_BOOTSTRAP ? '' : ` --bootstrap ${bootstrap}`;
  return [
    '',
    colors.bold('It stays up until Ctrl-C. In another terminal, try:'),
    `  npx moldau topic describe ${FLIGHTS}${at}`,
    `  npx moldau consume ${FLIGHTS} --from earliest --max 5 -f '%k %v\\n'${at}`,
    `  echo 'hello' | npx moldau produce ${FLIGHTS}${at}`,
  ].join('\n');
}

await main();
