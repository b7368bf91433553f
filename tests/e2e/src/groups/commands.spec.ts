import { createMoldau, type DescribedGroup, type Moldau, type ResetOutcome, serdes, type TransactionListing } from '@moldau/client';
import { type Child, type SpawnedStandalone, spawnStandalone, startChild } from '@moldau/harness';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { moldauCommand, moldauJson } from '../fixture/command-line.ts';
import { LAUNCHER } from '../fixture/launcher.ts';
import { createTopic } from '../fixture/topic.ts';

const WAIT = { timeout: 30_000, interval: 100 };
const TIMEOUT_MS = 90_000;
/** Within a second, and the time that a process takes to end where other tests have the processors. */
const FREED_MS_MAX = 5_000;

let server: SpawnedStandalone;
let moldau: Moldau;
let at: readonly string[];

beforeAll(async () => {
  server = await spawnStandalone();
  moldau = createMoldau({ bootstrap: server.address });
  at = ['--bootstrap', server.address];
}, TIMEOUT_MS);

afterAll(async () => {
  await moldau?.close();
  await server?.dispose();
}, TIMEOUT_MS);

async function fill(topic: string, records: number): Promise<void> {
  await using producer = moldau.producer({ valueSerializer: serdes.string });
  await Promise.all(Array.from({ length: records }, (_, index) => producer.send({ topic, partition: index % 4, value: `v${index}` })));
}

function consume(topic: string, group: string): Child {
  return startChild({ command: process.execPath, arguments: [LAUNCHER, 'consume', topic, '--group', group, '--from', 'earliest', ...at] });
}

const described = (group: string): Promise<DescribedGroup> => moldauJson<DescribedGroup>('group', 'describe', group, ...at);
const lagOf = ({ partitions }: DescribedGroup): number => partitions.reduce((sum, { lagRecords = 0 }) => sum + lagRecords, 0);
const linesOf = (...children: readonly Child[]): string[] =>
  children
    .flatMap((child) =>
      child
        .stdout()
        .split('\n')
        .filter((line) => line !== ''),
    )
    .sort();

async function committedValues(topic: string): Promise<readonly (string | null)[]> {
  const values: (string | null)[] = [];
  const assignment = [{ topic, from: 'earliest' as const }];
  await using reader = moldau.consumer({ assignment, isolation: 'read_committed', stopAtEnd: true, valueDeserializer: serdes.string });
  for await (const { value } of reader) values.push(value);
  return values;
}

describe('moldau consume --group', () => {
  it(
    'shares the partitions among processes, frees them at Ctrl-C, and its lag falls to nothing',
    async () => {
      await createTopic(moldau, 'shared-lines', { partitions: 4 });
      await fill('shared-lines', 400);
      await using first = consume('shared-lines', 'sharing');
      await using second = consume('shared-lines', 'sharing');
      const holding = async (): Promise<number[]> => (await described('sharing')).members.map(({ assigned }) => assigned.length);
      await vi.waitFor(async () => expect(await holding()).toEqual([2, 2]), WAIT);
      await vi.waitFor(() => expect(linesOf(first, second).length).toBeGreaterThanOrEqual(400), WAIT);
      await fill('shared-lines', 40);
      await vi.waitFor(async () => expect(lagOf(await described('sharing'))).toBe(0), WAIT);
      const pressedAt = performance.now();
      second.kill('SIGINT');
      await vi.waitFor(async () => {
        const [group] = await moldau.admin().describeGroups(['sharing']);
        expect(group?.group?.members.map(({ assigned }) => assigned.length)).toEqual([4]);
      }, WAIT);
      expect(performance.now() - pressedAt).toBeLessThan(FREED_MS_MAX);
      await second.ended;
      first.kill('SIGINT');
      await first.ended;
      expect(new Set(linesOf(first, second)).size).toBe(400);
      expect(await described('sharing')).toMatchObject({ state: 'empty', members: [] });
    },
    TIMEOUT_MS,
  );
});

describe('moldau group', () => {
  it(
    'resets offsets only of groups without members, and in a dry run nothing; deletes groups',
    async () => {
      await createTopic(moldau, 'rewound', { partitions: 4 });
      await fill('rewound', 40);
      const reader = consume('rewound', 'rewinding');
      await vi.waitFor(() => expect(linesOf(reader)).toHaveLength(40), WAIT);
      const reset = ['group', 'reset-offsets', 'rewinding', '--to', 'earliest', ...at];
      const active = await moldauCommand(...reset);
      expect(active.code).toBe(1);
      expect(active.err).toContain('GROUP_NOT_EMPTY');
      expect(await moldauCommand('group', 'delete', 'rewinding', ...at)).toMatchObject({ code: 1 });
      reader.kill('SIGINT');
      await reader.ended;
      const committed = async (): Promise<number> => lagOf(await described('rewinding'));
      expect(await committed()).toBe(0);
      const planned = await moldauJson<readonly ResetOutcome[]>(...reset, '--dry-run');
      expect(planned.map(({ from, to }) => [from, to])).toEqual([0, 1, 2, 3].map(() => [10, 0]));
      expect(await committed()).toBe(0);
      expect(await moldauCommand(...reset)).toMatchObject({ code: 0 });
      expect(await committed()).toBe(40);
      expect(await moldauCommand('group', 'delete', 'rewinding', ...at)).toMatchObject({ code: 0 });
      const gone = await moldauCommand('group', 'describe', 'rewinding', ...at);
      expect(gone.code).toBe(1);
      expect(gone.err).toContain('UNKNOWN_GROUP');
    },
    TIMEOUT_MS,
  );
});

describe('moldau transaction', () => {
  it(
    'lists, describes and aborts one that hangs; its commit is refused, and readers of committed records see nothing of it',
    async () => {
      await createTopic(moldau, 'hung', { partitions: 1 });
      await using producer = moldau.transactionalProducer({ transactionalId: 'hanging', valueSerializer: serdes.string });
      const transaction = await producer.begin();
      await transaction.send({ topic: 'hung', value: 'never' });
      const listed = await moldauJson<readonly TransactionListing[]>('transaction', 'list', '--state', 'ongoing', ...at);
      expect(listed).toMatchObject([{ transactionalId: 'hanging' }]);
      const text = await moldauCommand('transaction', 'describe', 'hanging', ...at);
      expect(text.out).toContain('hung');
      expect(await moldauCommand('transaction', 'abort', 'hanging', '--dry-run', ...at)).toMatchObject({ code: 0 });
      expect(await moldauCommand('transaction', 'abort', 'hanging', ...at)).toMatchObject({ code: 0 });
      await expect(transaction.commit()).rejects.toMatchObject({ reason: 'TRANSACTION_ABORTED' });
      await transaction.abort();
      await producer.transaction((next) => void next.send({ topic: 'hung', value: 'seen' }));
      // A commit is answered when it is decided; its records are seen when the markers are written, a moment later.
      await vi.waitFor(async () => expect(await committedValues('hung')).toEqual(['seen']), WAIT);
      const unknown = await moldauCommand('transaction', 'abort', 'nobody', ...at);
      expect(unknown.code).toBe(1);
    },
    TIMEOUT_MS,
  );
});
