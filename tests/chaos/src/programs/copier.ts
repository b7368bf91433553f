import { createMoldau } from '@moldau/client';

/**
 * Copies a topic in transactions, until it is stopped or killed: `copier.ts BOOTSTRAP FROM TO TRANSACTIONAL-ID OUT-PARTITIONS`.
 * A record's value begins with `partition:sequence:`; the sequence says to which partition its copy goes.
 */
const RECORDS_MAX = 750;
/** Others wait so long for what a killed one left open. */
const TIMEOUT_MS = 5_000;

const [bootstrap = '', from = '', to = '', transactionalId = '', partitions = '1'] = process.argv.slice(2);

await using moldau = createMoldau({ bootstrap, clientId: transactionalId });
const transform = moldau.transform({
  group: `${from}-copiers`,
  from,
  to,
  transactionalId,
  maxRecords: RECORDS_MAX,
  timeoutMs: TIMEOUT_MS,
  transform: ({ value }) => {
    const [, sequence = '0'] = new TextDecoder().decode(value ?? new Uint8Array()).split(':');
    return { partition: Number(sequence) % Number(partitions), value };
  },
  onRetry: ({ message }) => process.stderr.write(`repeats a transaction: ${message}\n`),
});
process.once('SIGTERM', () => void transform.close());
await transform.finished;
