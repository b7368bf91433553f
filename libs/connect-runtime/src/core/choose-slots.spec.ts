import { describe, expect, it } from 'vitest';
import { chooseSlots, type SlotOwners } from './choose-slots.ts';
import type { ConnectorEntry } from './connect-image.ts';
import { SLOT_COUNT } from './names.ts';

function ownedBy(owner: (slot: number) => string): SlotOwners {
  return new Map(Array.from({ length: SLOT_COUNT }, (_none, slot) => [slot, owner(slot)]));
}

/** Slots of so many source connectors of one task each, made one after the other. */
function createSome(count: number, owners: SlotOwners): readonly ConnectorEntry[] {
  const entries: ConnectorEntry[] = [];
  for (let index = 0; index < count; index++) {
    const name = `c${index}`;
    const [planner = -1] = chooseSlots(entries, owners, 1, 'planner');
    const tasks = chooseSlots(entries, owners, 1, 'task');
    entries.push({
      name,
      connector: { t: 'connector', name, revision: index, kind: 'source', config: {} },
      tasks: undefined,
      slots: { t: 'slots', name, planner, tasks },
      target: 'RUNNING',
      restart: undefined,
    });
  }
  return entries;
}

const tasksOf = (entries: readonly ConnectorEntry[]): readonly number[] => entries.flatMap(({ slots }) => slots?.tasks ?? []);

describe('chosen slots', () => {
  it('share the tasks of connectors out among two workers, though each has a planner too', () => {
    const owners = ownedBy((slot) => (slot < SLOT_COUNT / 2 ? 'one' : 'two'));
    const of = tasksOf(createSome(6, owners)).map((slot) => owners.get(slot));
    expect(of.filter((owner) => owner === 'one')).toHaveLength(3);
  });

  it.each([
    ['halves', (slot: number) => slot < SLOT_COUNT / 2],
    ['turns', (slot: number) => slot % 2 === 0],
    ['quarters', (slot: number) => Math.floor(slot / (SLOT_COUNT / 4)) % 2 === 0],
  ])('of one worker alone leave each part its share when they are cut in %s for a second one', (_name, isFirst) => {
    for (const count of [4, 6, 10, 50, 200]) {
      const first = tasksOf(
        createSome(
          count,
          ownedBy(() => 'one'),
        ),
      ).filter(isFirst).length;
      expect(first).toBeGreaterThanOrEqual(Math.floor(count * 0.3));
      expect(first).toBeLessThanOrEqual(Math.ceil(count * 0.7));
    }
  });

  it('take the slot of the leader last', () => {
    const owners = ownedBy(() => 'one');
    expect(chooseSlots([], owners, SLOT_COUNT, 'task').at(-1)).toBe(0);
  });
});
