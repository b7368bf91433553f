import { AssertionError } from '@moldau/kernel';
import type { ModelBroker } from './model-broker.ts';
import { ModelCluster, type StalledPart } from './model-cluster.ts';
import { Violation } from './model-oracle.ts';
import type { ModelStream } from './model-stream.ts';
import type { Mutation } from './mutation.ts';

export interface SimulationOptions {
  readonly steps: number;
  readonly mutation?: Mutation;
}

/** How a simulation ended. */
export interface SimulationResult {
  /** What was wrong; undefined: nothing. */
  readonly violation: string | undefined;
  /** Steps until then. */
  readonly steps: number;
  readonly committed: number;
  readonly leaderEpochs: number;
}

interface Event {
  readonly weight: number;
  readonly happen: (cluster: ModelCluster) => void;
}

/** Between whole comparisons of all logs, which are slow. */
const WHOLE_CHECK_STEPS = 97;
/** Rounds within which a healed cluster must have recovered. */
const HEALING_ROUNDS = 2000;

/** Runs a partition through random events, checks it after each, heals it and checks that all replicas become equal. */
export function simulate(seed: number, { steps, mutation }: SimulationOptions): SimulationResult {
  const cluster = new ModelCluster(seed, mutation);
  let step = 0;
  const result = (violation: string | undefined): SimulationResult => ({
    violation,
    steps: step,
    committed: cluster.oracle.committedEnd,
    leaderEpochs: cluster.controller.latest.partition.leaderEpoch,
  });
  try {
    for (const broker of cluster.brokers) cluster.inform(broker, 0);
    const pick = picker(cluster);
    for (; step < steps; step++) {
      cluster.nowMs += cluster.random.below(5);
      pick().happen(cluster);
      cluster.oracle.check(cluster.brokers, cluster.controller, step % WHOLE_CHECK_STEPS === 0);
    }
    heal(cluster);
    return result(undefined);
  } catch (caught) {
    if (caught instanceof Violation || caught instanceof AssertionError) return result(caught.message);
    throw caught;
  }
}

/** Chooses events by weights that differ from seed to seed, so that some runs are quiet and some are not. */
function picker({ random }: ModelCluster): () => Event {
  const unrest = random.fraction() ** 2;
  const events = [...WORK, ...FAULTS.map((fault) => ({ ...fault, weight: fault.weight * unrest * random.fraction() }))];
  const total = events.reduce((sum, { weight }) => sum + weight, 0);
  return () => {
    let left = random.fraction() * total;
    return events.find(({ weight }) => (left -= weight) < 0) ?? (events[0] as Event);
  };
}

const WORK: readonly Event[] = [
  { weight: 8, happen: (cluster) => aLeader(cluster, (broker) => produce(cluster, broker)) },
  { weight: 8, happen: (cluster) => someone(cluster, 'disk', (broker) => write(cluster, broker)) },
  { weight: 8, happen: (cluster) => someone(cluster, 'disk', (broker) => flush(cluster, broker)) },
  { weight: 8, happen: (cluster) => someone(cluster, undefined, (broker) => broker.acknowledge()) },
  { weight: 12, happen: (cluster) => someone(cluster, 'metadata', (broker) => hearOfMetadata(cluster, broker)) },
  { weight: 12, happen: (cluster) => someStream(cluster, hasRequests, (stream) => cluster.serveRequest(stream)) },
  { weight: 12, happen: (cluster) => someStream(cluster, hasSender, (stream) => cluster.sendNews(stream)) },
  { weight: 12, happen: (cluster) => someStream(cluster, hasResponses, (stream) => cluster.takeNews(stream)) },
  { weight: 6, happen: (cluster) => someone(cluster, 'stream', (broker) => needsStream(broker) && cluster.connect(broker)) },
  { weight: 4, happen: (cluster) => someone(cluster, undefined, (broker) => broker.retry(cluster.nowMs)) },
  { weight: 4, happen: (cluster) => someone(cluster, 'disk', (broker) => broker.finishWork()) },
  { weight: 6, happen: (cluster) => aLeader(cluster, (broker) => cluster.propose(broker)) },
  { weight: 6, happen: (cluster) => someProposal(cluster, false) },
  { weight: 3, happen: ({ controller }) => controller.settle() },
  {
    weight: 4,
    happen: (cluster) => someone(cluster, undefined, (broker) => mayServe(cluster, broker) && cluster.controller.unfence(broker.id)),
  },
  { weight: 4, happen: (cluster) => restartSome(cluster) },
  { weight: 2, happen: (cluster) => someone(cluster, undefined, (broker) => wantsToStop(cluster, broker) && cluster.crash(broker, false)) },
];

const FAULTS: readonly Event[] = [
  { weight: 1, happen: (cluster) => someone(cluster, undefined, (broker) => cluster.crash(broker, false)) },
  { weight: 2, happen: (cluster) => someone(cluster, undefined, (broker) => cluster.crash(broker, true)) },
  { weight: 0.3, happen: (cluster) => cluster.brokers.forEach((broker) => broker.isUp && cluster.crash(broker, true)) },
  { weight: 3, happen: (cluster) => cluster.controller.change(cluster.random.pick(cluster.brokers).id, { fenced: true }) },
  { weight: 0.5, happen: (cluster) => cluster.controller.change(cluster.random.pick(cluster.brokers).id, { shuttingDown: true }) },
  { weight: 3, happen: (cluster) => someStream(cluster, undefined, (stream) => cluster.break(stream)) },
  { weight: 3, happen: (cluster) => someProposal(cluster, true) },
  { weight: 3, happen: (cluster) => giveUp(cluster) },
  { weight: 1, happen: (cluster) => aLeader(cluster, (broker) => cluster.deleteRecords(broker)) },
  { weight: 2, happen: (cluster) => loseDirectory(cluster) },
  { weight: 1, happen: (cluster) => void (cluster.nowMs += 1200) },
  { weight: 6, happen: (cluster) => cluster.stall() },
];

/** A broker that is up and whose `part` is not stalled. */
function someone(cluster: ModelCluster, part: StalledPart | undefined, happen: (broker: ModelBroker) => unknown): void {
  const broker = cluster.random.pick(cluster.brokers);
  if (broker.isUp && (part === undefined || !cluster.isStalled(part, broker.id))) happen(broker);
}

/** One that leads, or believes to. */
function aLeader({ brokers, random }: ModelCluster, happen: (broker: ModelBroker) => unknown): void {
  const leaders = brokers.filter(({ leading }) => leading !== undefined);
  if (leaders.length > 0) happen(random.pick(leaders));
}

type StreamFilter = (stream: ModelStream) => boolean;
const hasRequests: StreamFilter = ({ requests, leaderGone }) => requests.length > 0 && !leaderGone;
const hasSender: StreamFilter = ({ agreedEpoch, leaderGone, followerGone }) => agreedEpoch !== undefined && !leaderGone && !followerGone;
const hasResponses: StreamFilter = ({ responses, followerGone }) => responses.length > 0 && !followerGone;

function someStream(cluster: ModelCluster, filter: StreamFilter | undefined, happen: (stream: ModelStream) => unknown): void {
  const streams = filter === undefined ? cluster.streams : cluster.streams.filter(filter);
  if (streams.length === 0) return;
  const stream = cluster.random.pick(streams);
  const held = cluster.nowMs < stream.heldUntilMs || (!stream.followerGone && cluster.isStalled('stream', stream.followerId));
  if (filter === undefined || !held) happen(stream);
}

/** In any order; `faulty`: the answer is lost, or the leader gives up before the controller has decided. */
function someProposal(cluster: ModelCluster, faulty: boolean): void {
  const { random, nowMs } = cluster;
  const proposals = cluster.proposals.filter(({ heldUntilMs }) => heldUntilMs <= nowMs);
  if (proposals.length === 0) return;
  const sent = random.pick(proposals);
  if (faulty && random.chance(0.5)) cluster.answer(sent, true);
  else {
    cluster.decide(sent);
    if (faulty || random.chance(0.7)) cluster.answer(sent, faulty);
  }
}

/** A leader waits no longer for an answer; its proposal may yet be decided. */
function giveUp(cluster: ModelCluster): void {
  const slow = cluster.proposals.filter(({ heldUntilMs }) => heldUntilMs > cluster.nowMs);
  if (slow.length > 0) cluster.answer(cluster.random.pick(slow), true);
}

function produce(cluster: ModelCluster, broker: ModelBroker): void {
  if (!cluster.isStalled('clients', broker.id)) cluster.produce(broker, cluster.random.between(1, 3));
}

function write({ random, nowMs }: ModelCluster, broker: ModelBroker): void {
  broker.log.write(random.between(broker.log.writtenEnd, broker.log.endOffset));
  broker.progressed(nowMs);
}

function flush({ nowMs }: ModelCluster, broker: ModelBroker): void {
  broker.log.flush();
  broker.progressed(nowMs);
}

/** Whole revisions, in order; a broker that has just started may be given an older one first. */
function hearOfMetadata(cluster: ModelCluster, broker: ModelBroker): void {
  const newest = cluster.controller.revisions.length - 1;
  const from = broker.revision < 0 ? Math.max(0, newest - 5) : broker.revision + 1;
  if (from <= newest) cluster.inform(broker, cluster.random.between(from, newest));
}

function needsStream({ follower, stream }: ModelBroker): boolean {
  const { assignment } = follower;
  return assignment !== undefined && (stream?.leaderId !== assignment.leaderId || stream.leaderGone || stream.followerGone);
}

/** Whether the controller may unfence the broker: it is there, and has heard of its own registration. */
function mayServe({ controller }: ModelCluster, broker: ModelBroker): boolean {
  const registered = controller.latest.brokers.get(broker.id);
  return registered?.fenced === true && registered.brokerEpoch === broker.life && controller.hasRegistered(broker.id, broker.revision);
}

function wantsToStop({ controller }: ModelCluster, { id }: ModelBroker): boolean {
  return controller.latest.brokers.get(id)?.shuttingDown === true;
}

function restartSome(cluster: ModelCluster): void {
  const broker = cluster.random.pick(cluster.brokers);
  if (!broker.isUp) cluster.restart(broker);
}

/** One directory is lost for good, while another broker that may lead is whole: what min.insync.replicas 2 promises to survive. */
function loseDirectory(cluster: ModelCluster): void {
  const { controller, brokers, random, oracle } = cluster;
  const { isr, elr } = controller.latest.partition;
  // Best one that is about to join.
  const joining = brokers.filter(
    ({ id }) => !isr.includes(id) && cluster.proposals.some(({ proposal }) => proposal.isr.some(({ brokerId }) => brokerId === id)),
  );
  const broker = random.pick(joining.length > 0 && random.chance(0.7) ? joining : brokers);
  const whole = [...isr, ...elr].filter((id) => id !== broker.id && !controller.isLost(id));
  const empty = brokers.some(({ log, isUp }) => log.endOffset === 0 && !isUp);
  if (whole.length === 0 || empty || oracle.committedEnd === 0) return;
  if (random.chance(0.5)) {
    // Its last words come late, to a leader with no other news of it.
    broker.acknowledge();
    cluster.stall('stream', broker);
    for (const other of brokers) cluster.stall('clients', other);
  }
  if (broker.isUp) cluster.crash(broker, true);
  broker.log.startOffset = 0 as typeof broker.log.startOffset;
  broker.log.reopen(0);
  // The new directory is seen by the controller when the broker registers; nothing else happens to it until then.
  cluster.restart(broker);
}

/** No more faults: everything gets its turn until all replicas are equal. */
function heal(cluster: ModelCluster): void {
  let problem: Violation | undefined;
  for (let round = 0; round < HEALING_ROUNDS; round++) {
    healingRound(cluster);
    cluster.oracle.check(cluster.brokers, cluster.controller, false);
    try {
      cluster.oracle.checkHealed(cluster.brokers, cluster.controller);
      return;
    } catch (caught) {
      if (!(caught instanceof Violation)) throw caught;
      problem = caught;
    }
  }
  throw problem ?? new Violation('never healed');
}

function healingRound(cluster: ModelCluster): void {
  const { controller } = cluster;
  cluster.nowMs += 10;
  controller.settle();
  for (const broker of cluster.brokers) {
    if (!broker.isUp) cluster.restart(broker);
    cluster.inform(broker, controller.revisions.length - 1);
    if (mayServe(cluster, broker)) controller.unfence(broker.id);
    if (controller.latest.brokers.get(broker.id)?.shuttingDown === true) controller.change(broker.id, { shuttingDown: false });
    if (needsStream(broker)) cluster.connect(broker);
    broker.retry(cluster.nowMs);
    broker.finishWork();
    broker.log.write(broker.log.endOffset);
    broker.log.flush();
    broker.progressed(cluster.nowMs);
    broker.acknowledge();
    cluster.propose(broker);
  }
  for (const sent of cluster.proposals) {
    cluster.decide(sent);
    cluster.answer(sent, false);
  }
  for (const stream of cluster.streams) {
    if (!stream.leaderGone) cluster.serveRequest(stream);
    if (!stream.leaderGone && !stream.followerGone) cluster.sendNews(stream);
    if (!stream.followerGone) cluster.takeNews(stream);
  }
}
