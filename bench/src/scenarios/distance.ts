import { freePort, spawnStandalone, tcpProxy } from '@moldau/harness';
import { spreadOf } from '../measure/statistics.ts';
import type { Figure } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { type Scenario, scaled } from './scenario.ts';
import { createTopic } from './test-topic.ts';

const ROUND_TRIP_MS = 2;
const SIZES = [
  { size: 100, records: 2_000_000 },
  { size: 1024, records: 300_000 },
] as const;

/** The same through a proxy that adds a network's round trip. */
export const distance: Scenario = {
  name: 'distance',
  description: 'records per second with a round trip of 2 ms between client and broker',
  async run(context) {
    const port = await freePort();
    await using proxy = await tcpProxy({ target: `127.0.0.1:${port}`, roundTripMs: ROUND_TRIP_MS });
    // Clients go where the metadata sends them: that must be the proxy too.
    await using standalone = await spawnStandalone({ port, flags: ['--advertised-port', String(proxy.port)] });
    await using worker = await Worker.connect(standalone.address);
    const figures: Figure[] = [];
    const add = (name: string, rates: readonly number[]): void => {
      context.say(`  ${name} at 2 ms: ${numberText(spreadOf(rates).median)} records/s`);
      figures.push({ group: 'Through a round trip of 2 ms', name, unit: 'records/s', ours: spreadOf(rates) });
    };
    for (const { size, records: full } of SIZES) {
      const records = scaled(context, full);
      const rates = { async: new Array<number>(), sync: new Array<number>(), consume: new Array<number>() };
      for (let run = 0; run <= context.runs; run++) {
        for (const flush of ['async', 'sync'] as const) {
          const topic = await createTopic(standalone.address, 6, flush);
          const produced = await worker.run({ kind: 'produce', topics: [topic], records, size });
          if (run > 0) rates[flush].push(produced.recordsPerSecond);
          if (flush === 'sync') continue;
          const consumed = await worker.run({ kind: 'consume', topic, records });
          if (run > 0) rates.consume.push(consumed.recordsPerSecond);
        }
      }
      for (const flush of ['async', 'sync'] as const) add(`produce ${size} B, flush=${flush}`, rates[flush]);
      add(`consume ${size} B`, rates.consume);
    }
    return figures;
  },
};
