import { describe, expect, it } from 'vitest';
import { ActiveTopics, encodeActiveTopic, topicKey } from './active-topics.ts';
import type { ConfigRecord, TargetState } from './config-record.ts';
import { ConnectImage } from './connect-image.ts';
import { encodeRunStatus, runKey, StatusImage } from './run-status.ts';
import { staleKeys } from './stale-keys.ts';

const TASK_SLOT = 7;
const PLANNER_SLOT = 5;
const NOTHING: ReadonlySet<string> = new Set();

function imageOf(target: TargetState): ConnectImage {
  const image = new ConnectImage();
  const records: readonly ConfigRecord[] = [
    { t: 'connector', name: 'a', revision: 1, kind: 'source', config: {} },
    { t: 'tasks', name: 'a', revision: 2, configRevision: 1, tasks: [{}] },
    { t: 'slots', name: 'a', planner: PLANNER_SLOT, tasks: [TASK_SLOT] },
    { t: 'state', name: 'a', target },
  ];
  for (const record of records) image.apply(record);
  return image;
}

function statusesOf(...names: readonly (readonly [connector: string, task: number | undefined])[]): StatusImage {
  const statuses = new StatusImage();
  for (const [connector, task] of names) {
    const status = { revision: 1, epoch: 1, state: 'RUNNING', workerId: 'dead', sinceMs: 0 } as const;
    statuses.apply(runKey({ connector, task }), encodeRunStatus(status));
  }
  return statuses;
}

describe('keys of the status topic that nobody else will take away', () => {
  it('are those of tasks of a stopped connector, for who holds their slots and does not run them', () => {
    const facts = { image: imageOf('STOPPED'), statuses: statusesOf(['a', 0]), topics: new ActiveTopics(), running: NOTHING };
    expect(staleKeys({ ...facts, held: new Set([TASK_SLOT]) })).toEqual(['task/a/0']);
    expect(staleKeys({ ...facts, held: new Set([PLANNER_SLOT]) })).toEqual([]);
    expect(staleKeys({ ...facts, held: new Set([TASK_SLOT]), running: new Set(['task/a/0']) })).toEqual([]);
  });

  it('are never those of what is wanted', () => {
    const statuses = statusesOf(['a', 0], ['a', undefined]);
    const held = new Set([0, PLANNER_SLOT, TASK_SLOT]);
    expect(staleKeys({ image: imageOf('RUNNING'), statuses, topics: new ActiveTopics(), running: NOTHING, held })).toEqual([]);
    expect(staleKeys({ image: imageOf('PAUSED'), statuses, topics: new ActiveTopics(), running: NOTHING, held })).toEqual([]);
  });

  it('are those of tasks that a connector has no more, and of connectors that are gone, with their topics, for the leader', () => {
    const topics = new ActiveTopics();
    topics.apply(topicKey('gone', 'orders'), encodeActiveTopic('gone', 0, 0));
    topics.apply(topicKey('a', 'lines'), encodeActiveTopic('a', 0, 0));
    const facts = { image: imageOf('RUNNING'), statuses: statusesOf(['a', 3], ['gone', 0]), topics, running: NOTHING };
    expect(staleKeys({ ...facts, held: new Set([0]) })).toEqual(['task/a/3', 'task/gone/0', 'topic/gone/orders']);
    expect(staleKeys({ ...facts, held: new Set([1, TASK_SLOT]) })).toEqual([]);
  });
});
