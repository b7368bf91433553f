import { present } from '@moldau/kernel';
import type { ConnectorEntry } from './connect-image.ts';
import { SLOT_COUNT } from './names.ts';

/** Which worker owns each slot, as far as is known. */
export type SlotOwners = ReadonlyMap<number, string>;

/** What is given a slot. Each kind is spread for itself: a planner mostly has done its work at once, and says nothing of a worker's load. */
export type SlotUse = 'planner' | 'task';

/**
 * In which order slots of equal load are taken: by steps of 1/φ round the circle, so that however the slots are cut in two when
 * another worker comes, in halves or by turns, each part has its share. Slot 0 is last: a leader has enough to do.
 */
const GOLDEN_STEP = Math.round(SLOT_COUNT * 0.618);
const ORDER: readonly number[] = Array.from({ length: SLOT_COUNT }, (_none, index) => ((index + 1) * GOLDEN_STEP) % SLOT_COUNT);

/** Runs of a kind by slot, of connectors that are not stopped or soon may not be. */
function loadOf(entries: readonly ConnectorEntry[], use: SlotUse): number[] {
  const load = new Array<number>(SLOT_COUNT).fill(0);
  for (const { slots } of entries) {
    if (slots === undefined) continue;
    for (const slot of use === 'planner' ? [slots.planner] : slots.tasks) if (slot < SLOT_COUNT) load[slot] = (load[slot] ?? 0) + 1;
  }
  return load;
}

/**
 * So many slots for new runs, one after the other: each time the emptiest slot of the worker with the least to do. Slots are
 * recorded and not workers, so that the death of a worker needs no new record.
 */
export function chooseSlots(entries: readonly ConnectorEntry[], owners: SlotOwners, count: number, use: SlotUse): readonly number[] {
  const load = loadOf(entries, use);
  const workers = new Map<string, number[]>();
  for (const slot of ORDER) {
    const owner = owners.get(slot) ?? '';
    const owned = workers.get(owner);
    if (owned === undefined) workers.set(owner, [slot]);
    else owned.push(slot);
  }
  // Slots whose owner is not known are of use only while nobody's is.
  if (workers.size > 1) workers.delete('');
  const chosen: number[] = [];
  for (let index = 0; index < count; index++) {
    const slot = emptiestSlot(load, emptiestWorker(load, workers));
    load[slot] = (load[slot] ?? 0) + 1;
    chosen.push(slot);
  }
  return chosen;
}

function emptiestWorker(load: readonly number[], workers: ReadonlyMap<string, readonly number[]>): readonly number[] {
  let best: { readonly name: string; readonly slots: readonly number[]; readonly runs: number } | undefined;
  for (const [name, slots] of workers) {
    const runs = slots.reduce((sum, slot) => sum + (load[slot] ?? 0), 0);
    if (best === undefined || runs < best.runs || (runs === best.runs && name < best.name)) best = { name, slots, runs };
  }
  return present(best, 'somebody owns slots').slots;
}

function emptiestSlot(load: readonly number[], slots: readonly number[]): number {
  let best: number | undefined;
  for (const slot of slots) if (best === undefined || (load[slot] ?? 0) < (load[best] ?? 0)) best = slot;
  return present(best, 'a worker owns a slot');
}
