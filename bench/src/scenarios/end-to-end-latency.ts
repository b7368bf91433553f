import { spawnStandalone } from '@moldau/harness';
import type { Scenario } from './scenario.ts';
import { steadyLatency } from './steady-latency.ts';

/** From send to receipt at a steady 1,000 records/s. */
export const endToEndLatency: Scenario = {
  name: 'latency',
  description: 'milliseconds from send to receipt at 1,000 records/s',
  async run(context) {
    await using standalone = await spawnStandalone();
    return await steadyLatency(context, {
      bootstrap: standalone.address,
      group: 'End to end at 1,000 records/s',
      kafkaRecords: 10_000,
      p99Goal: { async: { kind: 'ratio at most', value: 1 }, sync: { kind: 'at most', value: 10 } },
    });
  },
};
