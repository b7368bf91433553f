// A member of the demo's group, a process of its own: counts flights by origin, exactly once. Arguments: bootstrap and its name.
import { type ConsumedRecord, createMoldau, serdes } from '@moldau/client';
import { onStopSignals } from '@moldau/service/stop-signals';
import type { Flight } from '../quickstart/flights.ts';
import { COUNTS, FLIGHTS, GROUP } from './demo-topics.ts';
import type { CountedFlights } from './tally.ts';

/** Small ones, so that a kill finds one under way. */
const TRANSACTION_RECORDS_MAX = 200;
/** What a killed member leaves open ends after so long, and holds its partitions until then. */
const TRANSACTION_TIMEOUT_MS = 5_000;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

async function main(bootstrap: string, name: string): Promise<void> {
  await using moldau = createMoldau({ bootstrap, clientId: name });
  await using transform = moldau.transform<Uint8Array, Flight, string, CountedFlights>({
    group: GROUP,
    from: FLIGHTS,
    to: COUNTS,
    transactionalId: name,
    timeoutMs: TRANSACTION_TIMEOUT_MS,
    maxRecords: TRANSACTION_RECORDS_MAX,
    source: { valueDeserializer: serdes.json<Flight>(), metadata: Buffer.from(name) },
    sink: { keySerializer: serdes.string, valueSerializer: serdes.json<CountedFlights>() },
    process: (records, transaction) => {
      for (const counted of countByOrigin(records, name)) void transaction.send({ topic: COUNTS, key: counted.origin, value: counted });
    },
  });
  onStopSignals({ process, first: () => void transform.close(), again: () => process.exit(EXIT_INTERRUPTED) });
  await transform.finished;
}

function countByOrigin(records: readonly ConsumedRecord<Uint8Array, Flight>[], member: string): readonly CountedFlights[] {
  const flights = new Map<string, ConsumedRecord<Uint8Array, Flight>[]>();
  for (const record of records) {
    const origin = record.value?.origin ?? 'unknown';
    const at = `${record.partition} ${origin}`;
    flights.set(at, [...(flights.get(at) ?? []), record]);
  }
  return [...flights.values()].map((of) => ({
    origin: of[0]?.value?.origin ?? 'unknown',
    partition: of[0]?.partition ?? -1,
    offsets: of.map(({ offset }) => offset),
    member,
  }));
}

const [bootstrap, name] = process.argv.slice(2);
if (bootstrap === undefined || name === undefined) {
  process.stderr.write('usage: member.ts BOOTSTRAP NAME\n');
  process.exit(EXIT_USAGE);
}
await main(bootstrap, name);
