import { spawnStandalone } from '@moldau/harness';
import type { Scenario } from './scenario.ts';
import { type ProduceCase, warmProduce } from './warm-produce.ts';

const CASES: readonly ProduceCase[] = [
  { size: 100, records: 3_000_000, kafkaRecords: 1_500_000, goal: { async: 1.5, sync: 1 } },
  { size: 1024, records: 400_000, kafkaRecords: 200_000, goal: { async: 2, sync: 1.2 } },
];

/** Our producer against Kafka's, both warm, in turns. */
export const produceSideBySide: Scenario = {
  name: 'produce',
  description: 'records per second of one warm producer, side by side with a warm Kafka client',
  async run(context) {
    await using standalone = await spawnStandalone();
    return await warmProduce(context, standalone.address, 'Produce, warm clients, 6 partitions, acks=all', CASES);
  },
};
