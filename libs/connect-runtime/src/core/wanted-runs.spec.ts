import { describe, expect, it } from 'vitest';
import type { ConfigRecord } from './config-record.ts';
import { ConnectImage } from './connect-image.ts';
import { runsOf } from './wanted-runs.ts';

const CONNECTOR: ConfigRecord = { t: 'connector', name: 'a', revision: 4, kind: 'source', config: {} };
const SLOTS: ConfigRecord = { t: 'slots', name: 'a', planner: 1, tasks: [2] };

function plan(revision: number, configRevision: number, watches?: boolean): ConfigRecord {
  return { t: 'tasks', name: 'a', revision, configRevision, tasks: [{}], ...(watches === undefined ? {} : { watches }) };
}

/** Whether each run of the connector is planned: the planner first. */
function plannedIn(...records: readonly ConfigRecord[]): readonly boolean[] {
  const image = new ConnectImage();
  for (const record of records) image.apply(record);
  const entry = image.find('a');
  return entry === undefined ? [] : runsOf(entry).map(({ isPlanned }) => isPlanned);
}

describe('a planner that comes to another worker', () => {
  it('has nothing left to do when its plan stands and it watches nothing', () => {
    expect(plannedIn(CONNECTOR, SLOTS, plan(5, 4, false))).toEqual([true, false]);
  });

  it('goes on when it watches something, or an older worker did not say', () => {
    expect(plannedIn(CONNECTOR, SLOTS, plan(5, 4, true))).toEqual([false, false]);
    expect(plannedIn(CONNECTOR, SLOTS, plan(5, 4))).toEqual([false, false]);
  });

  it('plans when the config is newer than the plan, or a person restarted it since', () => {
    expect(plannedIn(CONNECTOR, SLOTS, plan(3, 2, false))).toEqual([false, false]);
    expect(plannedIn(CONNECTOR, SLOTS, plan(5, 4, false), { t: 'restart', name: 'a', planner: 6, tasks: [0] })).toEqual([false, false]);
    expect(plannedIn(CONNECTOR, SLOTS, plan(7, 4, false), { t: 'restart', name: 'a', planner: 6, tasks: [0] })).toEqual([true, false]);
  });
});
