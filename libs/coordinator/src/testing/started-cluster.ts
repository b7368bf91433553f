import type { PartitionImage, TopicImage } from '@moldau/cluster';
import { adminService, callUnary, coordinatorService, type IsrProposal, type IsrResult } from '@moldau/protocol';
import { type SimCoordinator, SimCoordinators } from './sim-coordinators.ts';
import type { TestBroker } from './test-broker.ts';

export interface StartedCluster {
  readonly sim: SimCoordinators;
  readonly first: SimCoordinator;
  readonly brokers: readonly TestBroker[];
}

/** A coordinator and so many brokers that serve, with ids from 0. */
export async function startCluster(seed: number, brokers: number, racks = 0): Promise<StartedCluster> {
  const sim = new SimCoordinators(seed);
  const first = sim.start('c0');
  await sim.until('a controller', () => sim.active() !== undefined);
  const started = Array.from({ length: brokers }, (_, id) => sim.broker(id, racks === 0 ? {} : { rack: `rack-${id % racks}` }).start());
  await sim.until('serving brokers', () => started.every((broker) => broker.serving()));
  return { sim, first, brokers: started };
}

export async function createTopic(
  { sim }: StartedCluster,
  name: string,
  partitions: number,
  replicationFactor: number,
  configs: readonly (readonly [string, string])[] = [],
): Promise<void> {
  const topics = [{ name, partitions, replicationFactor, configs: new Map(configs) }];
  const { results } = await sim.admin(active(sim), adminService.createTopics, { topics, dryRun: false });
  for (const { error } of results) if (error !== undefined) throw new Error(error.message);
}

export function active(sim: SimCoordinators): SimCoordinator {
  const controller = sim.active();
  if (controller === undefined) throw new Error('there is no controller');
  return controller;
}

/** The topic of this name, as the controller has it. */
export function topicNamed(sim: SimCoordinators, name: string): TopicImage {
  const topic = active(sim)
    .coordinator.image()
    .topics.find((one) => one.name === name);
  if (topic === undefined) throw new Error(`no topic '${name}'`);
  return topic;
}

export function partitionAt(sim: SimCoordinators, name: string, index = 0): PartitionImage {
  const partition = topicNamed(sim, name).partitions.get(index);
  if (partition === undefined) throw new Error(`no partition ${index} of '${name}'`);
  return partition;
}

/** The proposal that the partition's leader would make from the newest record. */
export function proposal(sim: SimCoordinators, name: string, index: number, isr: readonly number[]): IsrProposal {
  const { leaderEpoch, partitionEpoch } = partitionAt(sim, name, index);
  const { brokers } = active(sim).coordinator.image();
  const members = isr.map((brokerId) => ({ brokerId, brokerEpoch: brokers.get(brokerId as never)?.brokerEpoch ?? 0 }));
  return { topicId: topicNamed(sim, name).topicId, partition: index, leaderEpoch, partitionEpoch, isr: members, allFlushed: false };
}

/** AlterPartitions, as the broker would call it. */
export async function propose(
  sim: SimCoordinators,
  brokerId: number,
  proposals: readonly IsrProposal[],
  brokerEpoch: number = active(sim)
    .coordinator.image()
    .brokers.get(brokerId as never)?.brokerEpoch ?? 0,
): Promise<readonly IsrResult[]> {
  const request = { brokerId, brokerEpoch, proposals: [...proposals] };
  const called = callUnary(sim.adminChannel(active(sim)), coordinatorService.alterPartitions, request, { timeoutMs: 20_000 });
  return (await sim.scheduler.until(called)).results;
}

/** Has every leader propose all its replicas that serve, as if they had caught up; resolves to how many proposals were taken. */
export async function catchUp(sim: SimCoordinators, name: string): Promise<number> {
  const { brokers } = active(sim).coordinator.image();
  const byLeader = new Map<number, IsrProposal[]>();
  for (const [index, partition] of topicNamed(sim, name).partitions.entries()) {
    if (partition?.leader === undefined) continue;
    const serving = partition.replicas.filter((id) => brokers.get(id)?.fenced === false);
    byLeader.set(partition.leader, [...(byLeader.get(partition.leader) ?? []), proposal(sim, name, index, serving)]);
  }
  let taken = 0;
  for (const [leader, proposals] of byLeader) {
    taken += (await propose(sim, leader, proposals)).filter(({ error }) => error === undefined).length;
  }
  return taken;
}

/** Transactions that succeeded since a revision, by the kind of key that they changed. */
export function transactionsSince(sim: SimCoordinators, revision: number, keys: string): number {
  const changes = sim.store.engine.changesAfter(revision, 1_000_000);
  return changes.filter(({ events }) => events.some(({ key }) => key.includes(keys))).length;
}
