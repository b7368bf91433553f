import { expect, it } from 'vitest';
import { openFiles } from '../fixture/open-files.ts';
import { runManyPartitions } from './run-many-partitions.ts';

/** `npm run test:scale` does 10,000. */
const PARTITIONS = 1000;
const ROUNDS = 3;

it('a thousand partitions are created, written to, and there after a stop and after kill -9', async () => {
  const result = await runManyPartitions(PARTITIONS, openFiles);
  expect(result.read).toBe(PARTITIONS * ROUNDS);
  expect(result.openFiles).toBeLessThan(2000);
}, 120_000);
