import type { GroupConsumer, Moldau } from '@moldau/client';
import { type Read, uniqueValue } from '@moldau/harness/history';
import { MoldauError } from '@moldau/kernel';
import { GroupChecker } from '../check/group-checker.ts';
import { checkCopy, TransactionChecker } from '../check/transaction-checker.ts';
import type { GroupsPlan } from '../scenario/groups-plan.ts';
import { numbered, type Scenario } from '../scenario/scenario.ts';
import type { ClientNode } from '../world/client-node.ts';
import type { World } from '../world/world.ts';
import { Member, READERS } from './group-reading.ts';
import { TOPIC } from './producing.ts';
import { LEDGER, Writer } from './writing.ts';

const COPY = 'copy';
const COPIERS = 'copiers';
/** Groups hear of lost members soon: runs are short. */
const GROUP_CONFIGS = { 'session.timeout.ms': '2500', 'heartbeat.interval.ms': '500' };
const COPY_RECORDS_MAX = 40;
const COPY_TIMEOUT_MS = 4_000;
/** Between two looks at what a group has committed, in ms. */
const LOOK_MS = 400;
const AGAIN_MS = 500;

/** A program in one of its lives. */
interface Program {
  stop(): Promise<void> | void;
  readonly done: Promise<void>;
}

/** A group that copies the topic in transactions, one that reads it and commits, and producers of transactions, with their checks. */
export class Coordinated {
  readonly #world: World;
  readonly #scenario: Scenario;
  readonly #plan: GroupsPlan;
  readonly #transactions: TransactionChecker;
  readonly #groups: GroupChecker;
  readonly #programs = new Map<string, Program>();
  readonly #seen = { ledger: [] as Read[], copy: [] as Read[] };
  readonly #committed = new Map<number, number>();
  #looking = false;
  #looker: GroupConsumer | undefined;

  constructor(world: World, scenario: Scenario, plan: GroupsPlan) {
    this.#world = world;
    this.#scenario = scenario;
    this.#plan = plan;
    this.#transactions = new TransactionChecker(world.findings);
    this.#groups = new GroupChecker(world.findings);
  }

  /** The topics and the settings of the groups. @throws MoldauError */
  async prepare(): Promise<void> {
    const admin = this.#observer.admin();
    const { partitions, factor, minIsr } = this.#scenario;
    const configs = { 'min.insync.replicas': String(minIsr) };
    const topics = [COPY, LEDGER].map((name) => ({ name, partitions, replicationFactor: factor, configs }));
    for (const { error } of await admin.createTopics(topics)) if (error !== undefined) throw error;
    const changes = Object.entries(GROUP_CONFIGS).map(([name, value]) => ({ name, value }));
    const groups = [READERS, COPIERS].map((group) => ({ resource: { group }, changes }));
    for (const { error } of await admin.alterConfigs(groups)) if (error !== undefined) throw error;
  }

  start(): void {
    const { copiers, members, writers } = this.#plan;
    const reading = { scenario: this.#scenario, checker: this.#groups, findings: this.#world.findings };
    for (const name of numbered('copier', copiers)) this.#run(name, (node) => this.#copy(node));
    for (const name of numbered('member', members)) this.#run(name, (node, life) => new Member(node, life, reading));
    for (const name of numbered('writer', writers))
      this.#run(name, (node, life) => new Writer(node, life, this.#scenario, this.#transactions));
    this.#audit(LEDGER, this.#seen.ledger);
    this.#audit(COPY, this.#seen.copy);
    this.#looking = true;
    this.#world.client('observer').process.scheduler.after(LOOK_MS, () => void this.#look());
  }

  /** Writes no more transactions. Resolves when the last is over. */
  async endTransactions(): Promise<void> {
    const writers = [...this.#programs].filter(([name]) => name.startsWith('writer')).map(([, program]) => program);
    await Promise.all(writers.map((writer) => (writer.stop(), writer.done)));
  }

  /** Resolves when one more transaction, to each partition, is committed: what was left open holds nobody up. */
  async probe(): Promise<void> {
    const written = this.#transactions.begin('probe');
    const producer = this.#observer.transactionalProducer({ transactionalId: 'probe' });
    const transaction = await producer.begin();
    for (; written.records < this.#scenario.partitions; written.records++) {
      const value = uniqueValue({ producer: written.name, sequence: written.records }, 64);
      void transaction.send({ topic: LEDGER, partition: written.records, value });
    }
    written.fate = 'unknown';
    await transaction.commit();
    written.fate = 'committed';
    await producer.close();
  }

  /** Whether readers of committed records have seen the probe in each partition: no transaction is open before it. */
  probed(): boolean {
    const probes = this.#seen.ledger.filter(({ value }) => value !== null && String.fromCharCode(...value.subarray(0, 6)) === 'probe:');
    return probes.length >= this.#scenario.partitions;
  }

  /** Whether all is copied, as a reader of committed records sees it. */
  copied(records: number): boolean {
    return this.#seen.copy.length >= records;
  }

  /** Whether the group has committed these ends. */
  committed(ends: ReadonlyMap<number, number>): boolean {
    return [...ends].every(([partition, end]) => (this.#committed.get(partition) ?? 0) >= end);
  }

  /** All programs end. */
  async stop(): Promise<void> {
    this.#looking = false;
    await Promise.all([...this.#programs.values()].map(async (program) => program.stop()));
  }

  /** Compares what is in the topics at the end with what the programs know. `input`: what the copiers had to copy. */
  async check(input: readonly Read[]): Promise<void> {
    const { trace, findings } = this.#world;
    const [ledger, copy] = [await readCommitted(this.#observer, LEDGER), await readCommitted(this.#observer, COPY)];
    checkCopy(findings, input, copy);
    this.#transactions.checkFinal(ledger);
    this.#transactions.checkLive('the auditor of the ledger', this.#seen.ledger, ledger);
    this.#transactions.checkLive('the auditor of the copy', this.#seen.copy, copy);
    const fates = (['committed', 'aborted', 'unknown', 'open'] as const).map((fate) => `${this.#transactions.count(fate)} ${fate}`);
    trace.note('ledger', `${fates.join(', ')}; ${ledger.length} records; ${copy.length} copies`);
  }

  get #observer(): Moldau {
    return this.#world.client('observer').moldau;
  }

  #run(name: string, program: (node: ClientNode, life: number) => Program): void {
    const node = this.#world.client(name);
    node.run((life) => void this.#programs.set(name, program(node, life)));
  }

  #copy(node: ClientNode): Program {
    const transform = node.moldau.transform({
      group: COPIERS,
      from: TOPIC,
      to: COPY,
      transactionalId: node.name,
      maxRecords: COPY_RECORDS_MAX,
      timeoutMs: COPY_TIMEOUT_MS,
      source: { rebalanceTimeoutMs: 3_000 },
      transform: ({ partition, value }) => ({ partition, value }),
    });
    transform.finished.catch((thrown: unknown) => {
      const { reason, message } = MoldauError.from(thrown);
      this.#world.trace.note(node.name, `ends: ${reason}: ${message}`);
      node.process.scheduler.after(AGAIN_MS, () => void this.#programs.set(node.name, this.#copy(node)));
    });
    return { stop: () => transform.close(), done: transform.finished };
  }

  /** Reads what is committed while all goes on. */
  #audit(topic: string, seen: Read[]): void {
    const consumer = this.#world.client('auditor').moldau.consumer({ assignment: [{ topic }], isolation: 'read_committed' });
    const running = (async () => {
      for await (const batch of consumer.batches()) {
        for (const { partition, offset, value } of batch) seen.push({ partition, offset, value: value === null ? null : value.slice() });
      }
    })();
    const failed = (error: unknown): void =>
      this.#world.findings.add('consumer-failed', `auditor of ${topic}: ${MoldauError.from(error).message}`);
    running.catch(failed);
    this.#programs.set(`auditor of ${topic}`, { stop: () => consumer.close(), done: running });
  }

  /** What the group has committed, as anybody may ask. */
  async #look(): Promise<void> {
    const node = this.#world.client('observer');
    // It never asks for records, so it is no member.
    this.#looker ??= node.moldau.consumer({ group: READERS, topics: [TOPIC] });
    const targets = Array.from({ length: this.#scenario.partitions }, (_, partition) => ({ topic: TOPIC, partition }));
    const before = targets.map(({ partition }) => this.#groups.known(partition));
    try {
      for (const { partition, offset } of await this.#looker.committed(targets)) {
        const known = before[partition];
        if (known === undefined) continue;
        this.#groups.observed('the observer', partition, offset, known);
        this.#committed.set(partition, offset ?? 0);
      }
    } catch (error) {
      this.#world.trace.note('observer', `can't look at the group: ${MoldauError.from(error).reason}`);
    }
    if (this.#looking) node.process.scheduler.after(LOOK_MS, () => void this.#look());
  }
}

/** A topic from its beginning to its end, without what is aborted. */
async function readCommitted(moldau: Moldau, topic: string): Promise<readonly Read[]> {
  const log: Read[] = [];
  const consumer = moldau.consumer({ assignment: [{ topic }], stopAtEnd: true, isolation: 'read_committed' });
  for await (const batch of consumer.batches()) {
    for (const { partition, offset, value } of batch) log.push({ partition, offset, value: value === null ? null : value.slice() });
  }
  await consumer.close();
  return log;
}
