import type { SeededRandom } from '@moldau/testkit';
import type { FaultTargets } from '../scenario/draw-fault.ts';
import type { Fault, PlannedFault } from '../scenario/fault.ts';

/**
 * Faults in an order in which one rule of replication decides. Who plays which part is drawn; times vary a little. The session of
 * one killed broker ends after 500 ms, that of two at once after 3 s.
 */

type Parts = readonly [one: number, another: number, third: number];

function partsOf(random: SeededRandom, { brokers }: FaultTargets): Parts {
  const [one = 1, another = 2, third = 3] = random.shuffle(brokers);
  return [one, another, third];
}

const at = (atMs: number, ...faults: readonly Fault[]): readonly PlannedFault[] => faults.map((fault) => ({ atMs, fault }));
const kill = (broker: number, forMs: number): Fault => ({ kind: 'kill-broker', broker, forMs });
const name = (broker: number): string => `broker-${broker}`;
/** Nothing reaches them from those. */
const cut = (from: readonly string[], to: readonly string[], forMs: number, both = false): Fault => ({
  kind: 'partition',
  from,
  to,
  both,
  forMs,
});
const coordinatorsOf = ({ coordinators }: FaultTargets): readonly string[] => coordinators.map((number) => `coordinator-${number}`);

/** All machines lose their power. Two, whose disks were slow, come back first: what they had not flushed may be asked for. */
export function slowDisksLosePower(random: SeededRandom, targets: FaultTargets): readonly PlannedFault[] {
  const [last, ...slow] = partsOf(random, targets);
  const lostMs = 3_000 + random.between(0, 1_000);
  const forMs = lostMs - 1_000;
  return [
    ...at(1_000, ...slow.map((broker): Fault => ({ kind: 'slow-disk', broker, extraMs: random.between(200, 600), forMs }))),
    ...at(lostMs, { kind: 'power-loss', brokers: slow, forMs: 200 }, { kind: 'power-loss', brokers: [last], forMs: 6_000 }),
  ];
}

/** All machines lose their power, three times. */
export function restartsOfAll(random: SeededRandom, { brokers }: FaultTargets): readonly PlannedFault[] {
  return [2_000, 5_000, 8_000].flatMap((ms) =>
    at(ms + random.between(0, 900), { kind: 'power-loss', brokers, forMs: random.between(200, 900) }),
  );
}

/** A leader that its followers can't hear any more goes on appending, dies, and comes back when another has led. */
export function leaderCutOff(random: SeededRandom, targets: FaultTargets): readonly PlannedFault[] {
  const [leader, ...others] = partsOf(random, targets);
  return [
    ...at(1_500, cut([name(leader)], others.map(name), 1_500)),
    ...at(2_300 + random.between(0, 400), kill(leader, 2_500)),
    ...at(7_000, ...others.map((broker) => kill(broker, 3_800))),
  ];
}

/**
 * What only one follower has of a leader that dies is not the new leader's. It turns to that one late, when the new log is as
 * long as its own, and hears no answer; then the new leader dies too.
 */
export function lateToTheNewLeader(random: SeededRandom, targets: FaultTargets): readonly PlannedFault[] {
  const [leader, next, late] = partsOf(random, targets);
  const cutMs = 1_500;
  const killMs = cutMs + random.between(250, 450);
  return [
    ...at(cutMs, cut([name(leader)], [name(next)], 900)),
    ...at(killMs, kill(leader, 8_500), cut(coordinatorsOf(targets), [name(late)], 2_400)),
    ...at(killMs + 100, cut([name(next)], [name(late)], 6_500)),
    ...at(killMs + 3_200, kill(next, 4_500)),
  ];
}

/** One that joins again does not get what follows; the leaders don't hear that it has joined, and then die. */
export function joinedUnheard(random: SeededRandom, targets: FaultTargets): readonly PlannedFault[] {
  const [one, another, joining] = partsOf(random, targets);
  const leaders = [one, another];
  return [
    ...at(800, kill(joining, 800), { kind: 'slow-proposals', extraMs: 1_700, forMs: 4_000 }),
    ...at(2_800 + random.between(0, 100), cut(coordinatorsOf(targets), leaders.map(name), 2_000)),
    ...at(2_900 + random.between(0, 100), cut(leaders.map(name), [name(joining)], 6_000)),
    ...at(4_600, ...leaders.map((broker) => kill(broker, 5_000))),
  ];
}

/** One that was about to join loses its disk before the controller decides; the new one is cut off, and then the others die. */
export function joinedWithoutDisk(random: SeededRandom, targets: FaultTargets): readonly PlannedFault[] {
  const [one, another, joining] = partsOf(random, targets);
  const others = [one, another];
  const lostMs = 2_400 + random.between(0, 300);
  return [
    ...at(800, kill(joining, 800), { kind: 'slow-proposals', extraMs: 2_600, forMs: 5_500 }),
    ...at(lostMs, kill(joining, 10_000)),
    ...at(lostMs + 1, { kind: 'lose-disk', broker: joining, forMs: 300 }, cut(others.map(name), [name(joining)], 8_000, true)),
    ...at(5_600, ...others.map((broker) => kill(broker, 4_600))),
  ];
}

/**
 * One comes back without its disk, when nothing has been written since it left, and the others, whose disks are slow, die
 * before it has fetched what they have.
 */
export function returnsEmpty(random: SeededRandom, targets: FaultTargets): readonly PlannedFault[] {
  const [empty, ...others] = partsOf(random, targets);
  return [
    ...at(2_000, cut(targets.clients, targets.brokers.map(name), 5_000, true)),
    ...at(2_500, { kind: 'lose-disk', broker: empty, forMs: 3_200 }),
    ...at(5_500, ...others.map((broker): Fault => ({ kind: 'slow-disk', broker, extraMs: 900, forMs: 2_000 }))),
    ...at(6_000 + random.between(0, 300), ...others.map((broker) => kill(broker, 4_500))),
  ];
}

/** Two die, and the third is alone in sync for a while; when it dies too, the two come back. */
export function aloneInSync(random: SeededRandom, targets: FaultTargets): readonly PlannedFault[] {
  const [last, ...others] = partsOf(random, targets);
  const lastMs = 6_000 + random.between(0, 800);
  return [...at(1_000, ...others.map((broker) => kill(broker, lastMs - 900))), ...at(lastMs, kill(last, 3_000))];
}

/** One that is not in sync any more, and can't catch up, is all that is left when the others die. */
export function leftOutAlone(random: SeededRandom, targets: FaultTargets): readonly PlannedFault[] {
  const [out, ...others] = partsOf(random, targets);
  return [
    ...at(1_000, kill(out, 900), cut(others.map(name), [name(out)], 9_000, true)),
    ...at(4_000 + random.between(0, 500), ...others.map((broker) => kill(broker, 5_000))),
  ];
}

/** Two die, and the third, which leads now, loses its disk. */
export function diskLostByTheLast(random: SeededRandom, targets: FaultTargets): readonly PlannedFault[] {
  const [last, ...others] = partsOf(random, targets);
  const lostMs = 5_500 + random.between(0, 500);
  return [...at(1_500, ...others.map((broker) => kill(broker, 7_500))), ...at(lostMs, { kind: 'lose-disk', broker: last, forMs: 300 })];
}

/** All machines lose their power; one comes back well before the others. */
export function restartOneFirst(random: SeededRandom, targets: FaultTargets): readonly PlannedFault[] {
  const [first, ...others] = partsOf(random, targets);
  const lostMs = 3_000 + random.between(0, 1_000);
  return [...at(lostMs, { kind: 'power-loss', brokers: others, forMs: 5_500 }, { kind: 'power-loss', brokers: [first], forMs: 200 })];
}

/** Followers are slow, so that much waits for its confirmation; brokers die one after the other. */
export function failoversUnderLoad(random: SeededRandom, targets: FaultTargets): readonly PlannedFault[] {
  const parts = partsOf(random, targets);
  return [
    ...at(500, ...parts.map((broker): Fault => ({ kind: 'slow-disk', broker, extraMs: random.between(50, 200), forMs: 9_500 }))),
    ...parts.flatMap((broker, turn) => at(1_500 + 3_000 * turn + random.between(0, 600), kill(broker, 1_200))),
  ];
}
