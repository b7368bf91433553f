import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConfigRecord, decodeConfigRecord, encodeConfigRecord } from './config-record.ts';
import type { ConnectCommand } from './connect-command.ts';
import { ConnectImage } from './connect-image.ts';
import { decide } from './decide.ts';
import { SLOT_COUNT } from './names.ts';
import { runKey, StatusImage } from './run-status.ts';
import { actionsFor, type HeldRun, runsOf, wantedRuns } from './wanted-runs.ts';

const names = fc.constantFrom('a', 'b', 'c');
const commands: fc.Arbitrary<ConnectCommand> = fc.oneof(
  fc.record({
    t: fc.constant('create' as const),
    name: names,
    kind: fc.constantFrom('source' as const, 'sink' as const),
    config: fc.record({ 'tasks.max': fc.constantFrom('1', '3', '40') }),
    target: fc.constantFrom('RUNNING' as const, 'STOPPED' as const),
  }),
  fc.record({
    t: fc.constant('apply' as const),
    name: names,
    kind: fc.constantFrom('source' as const, 'sink' as const),
    config: fc.record({ 'tasks.max': fc.constantFrom('1', '2', '40'), x: fc.constantFrom('1', '2') }),
  }),
  fc.record({ t: fc.constant('delete' as const), name: names }),
  fc.record({ t: fc.constant('target' as const), name: names, target: fc.constantFrom('RUNNING', 'PAUSED', 'STOPPED') }),
  fc.record({ t: fc.constant('restart' as const), name: names, includeTasks: fc.boolean(), onlyFailed: fc.boolean() }),
  fc.record({
    t: fc.constant('plan' as const),
    name: names,
    configRevision: fc.nat(12),
    tasks: fc.array(fc.record({ part: fc.nat(3) }), { maxLength: 4 }),
    watches: fc.boolean(),
  }),
);

/** The slots of three workers. */
const owners = new Map(Array.from({ length: SLOT_COUNT }, (_none, slot) => [slot, `w${slot % 3}`]));

/** A leader that carries commands out, and the log that it writes. */
function lead(list: readonly ConnectCommand[]): { readonly image: ConnectImage; readonly log: readonly ConfigRecord[] } {
  const image = new ConnectImage();
  const statuses = new StatusImage();
  const log: ConfigRecord[] = [];
  for (const command of list) {
    const before = image.revision;
    let records: readonly ConfigRecord[] = [];
    try {
      records = decide(command, { image, statuses, owners }).records;
    } catch {
      continue;
    }
    for (const record of records) image.apply(record);
    log.push(...records);
    expect(image.revision).toBeLessThanOrEqual(before + 1);
  }
  return { image, log };
}

describe('the leader and those who read what it wrote', () => {
  it('see the same connectors, also of a compacted topic', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 40 }), (list) => {
        const { image, log } = lead(list);
        const lines = log.map(encodeConfigRecord);
        const newest = new Map(lines.map((line) => [line.key, line]));
        for (const read of [lines, lines.filter((line) => newest.get(line.key) === line)]) {
          const replayed = new ConnectImage();
          for (const { key, value } of read) {
            const record = decodeConfigRecord(key, value);
            if (record !== undefined) replayed.apply(record);
          }
          expect(replayed.entries()).toEqual(image.entries());
        }
      }),
      { numRuns: 200 },
    );
  });

  it('map every planner and task to one slot, and share them out evenly', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 40 }), (list) => {
        const { image } = lead(list);
        const all = image.entries().flatMap((entry) => runsOf(entry));
        expect(new Set(all.map(runKey)).size).toBe(all.length);
        // A new connector finds the emptiest worker: nobody is ever two ahead by it alone.
        const fresh = lead([{ t: 'create', name: 'z', kind: 'sink', config: { 'tasks.max': '40' }, target: 'RUNNING' }]).image;
        const loads = [0, 1, 2].map((worker) => wantedRuns(fresh, heldBy(worker)).filter(({ task }) => task !== undefined).length);
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });

  it('have each run run once, whoever holds its slot', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 30 }), (list) => {
        const { image } = lead(list);
        const parts = [0, 1, 2].map((worker) => wantedRuns(image, heldBy(worker)).map(runKey));
        const all = image.entries().flatMap((entry) => runsOf(entry).map(runKey));
        expect(parts.flat().sort()).toEqual(all.sort());
      }),
      { numRuns: 100 },
    );
  });

  it('make a worker run exactly what it is to run, and leave the rest alone', () => {
    fc.assert(
      fc.property(fc.array(commands, { minLength: 1, maxLength: 30 }), fc.array(commands, { maxLength: 10 }), (first, second) => {
        const before = lead(first).image;
        const after = lead([...first, ...second]).image;
        const held = heldBy(1);
        const running: HeldRun[] = wantedRuns(before, held).filter(({ isStale }) => !isStale);
        const wanted = wantedRuns(after, held);
        const actions = actionsFor(after, wanted, running);
        const result = new Map(running.map((run) => [runKey(run), run]));
        for (const action of actions) {
          if (action.t === 'stop') result.delete(runKey(action.name));
          else
            result.set(
              runKey(action.run),
              action.t === 'retarget' ? { ...action.run, revision: result.get(runKey(action.run))?.revision ?? -1 } : action.run,
            );
        }
        for (const run of wanted) {
          const kept = result.get(runKey(run));
          if (!run.isStale) expect(kept).toMatchObject({ revision: run.revision, target: run.target });
        }
        expect([...result.keys()].every((key) => wanted.some((run) => runKey(run) === key))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

function heldBy(worker: number): ReadonlySet<number> {
  return new Set([...owners].filter(([, owner]) => owner === `w${worker}`).map(([slot]) => slot));
}
