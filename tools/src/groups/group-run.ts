import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createMoldau, type DescribedGroup, type Moldau, serdes } from '@moldau/client';
import { type Child, spawnStandalone, startChild, startCluster } from '@moldau/harness';
import { type Flight, readFlights } from '../quickstart/flights.ts';
import { recreateTopic } from '../quickstart/load.ts';
import { COUNTS, FLIGHTS, GROUP } from './demo-topics.ts';
import { viewLine } from './group-view.ts';
import { type CountedFlights, Tally } from './tally.ts';

const MEMBER = fileURLToPath(new URL('member.ts', import.meta.url));
const PARTITIONS = 6;
const FIRST_MEMBERS = 3;
/** How much is counted when a member is killed, and when another joins. */
const KILL_AT = 0.25;
const JOIN_AT = 0.5;
/** After so long a killed member's partitions go to the others; the least a group may have is 1 s. */
const SESSION_MS = 3_000;
const VIEW_INTERVAL_MS = 250;
const POLL_MS = 50;
/** Flights that are published at a time. */
const TICK_MS = 20;
/** Without one flight more in so long the demo ends; the longest wait that is to be expected is that for a dead member's transaction. */
const STANDSTILL_MS = 60_000;

export interface GroupRunOptions {
  readonly flights: number;
  readonly flightsPerSecond: number;
  readonly standalone: boolean;
  /** Ends it where it is. */
  readonly signal: AbortSignal;
  /** The state of things, in a line. */
  readonly onView: (line: string) => void;
  /** Something was done. */
  readonly onStep: (line: string) => void;
}

export interface GroupOutcome {
  readonly published: number;
  readonly counted: number;
  readonly twice: number;
  readonly missing: number;
  /** Origins whose count is not that of the data set. */
  readonly differentOrigins: readonly string[];
  readonly killed: readonly string[];
  readonly joined: readonly string[];
  /** Records that the group has not committed at the end. */
  readonly lagRecords: number;
  readonly verdict: 'every flight counted exactly once' | 'failed';
}

/** Starts servers and members, publishes, kills one member and lets one join, and counts what was counted. */
export async function runGroupDemo(options: GroupRunOptions): Promise<GroupOutcome> {
  await using servers = options.standalone ? await standalone() : await startCluster({ brokers: 3, coordinators: 2, etcd: 1 });
  await using moldau = createMoldau({ bootstrap: servers.bootstrap, clientId: 'demo' });
  await recreateTopic(moldau, FLIGHTS, PARTITIONS);
  await recreateTopic(moldau, COUNTS, 1);
  await shortenSession(moldau);
  const flights = (await readFlights()).slice(0, options.flights);
  await using run = new GroupRun(moldau, servers.bootstrap, flights, options);
  return await run.outcome();
}

async function standalone(): Promise<AsyncDisposable & { readonly bootstrap: string }> {
  const server = await spawnStandalone();
  return { bootstrap: server.address, [Symbol.asyncDispose]: () => server.dispose() };
}

async function shortenSession(moldau: Moldau): Promise<void> {
  const changes = [
    { name: 'session.timeout.ms', value: String(SESSION_MS) },
    { name: 'heartbeat.interval.ms', value: String(SESSION_MS / 3) },
  ];
  const [altered] = await moldau.admin().alterConfigs([{ resource: { group: GROUP }, changes }]);
  if (altered?.error !== undefined) throw altered.error;
}

class GroupRun implements AsyncDisposable {
  readonly #moldau: Moldau;
  readonly #bootstrap: string;
  readonly #flights: readonly Flight[];
  readonly #options: GroupRunOptions;
  readonly #members = new Map<string, Child>();
  readonly #killed: string[] = [];
  readonly #joined: string[] = [];
  readonly #tally = new Tally();
  readonly #ending = new AbortController();
  #publishedUpTo = 0;
  #group: DescribedGroup | undefined;

  constructor(moldau: Moldau, bootstrap: string, flights: readonly Flight[], options: GroupRunOptions) {
    this.#moldau = moldau;
    this.#bootstrap = bootstrap;
    this.#flights = flights;
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#ending.abort());
  }

  async outcome(): Promise<GroupOutcome> {
    for (let index = 1; index <= FIRST_MEMBERS; index++) this.#start(`member-${index}`);
    const looking = this.#look();
    const counting = this.#count(this.#tally, false);
    await this.#allJoined(FIRST_MEMBERS);
    await Promise.all([this.#publish(), this.#interfere()]);
    await this.#until(this.#flights.length);
    this.#ending.abort();
    await Promise.all([looking, counting]);
    // What stops in order commits what it has in hand: whatever would be counted twice, is now.
    await this[Symbol.asyncDispose]();
    await this.#allEnded();
    return this.#verdict();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await Promise.all([...this.#members.values()].map((member) => member.stop()));
    this.#members.clear();
  }

  /** Waits until every transaction is complete: a commit is answered when it is decided, and its records are seen a moment later. */
  async #allEnded(): Promise<void> {
    const underWay = ['ongoing', 'prepare-commit', 'prepare-abort'] as const;
    const deadlineMs = performance.now() + STANDSTILL_MS;
    while (performance.now() < deadlineMs) {
      let left = 0;
      for await (const _ of this.#moldau.admin().listTransactions({ states: underWay })) left += 1;
      if (left === 0) return;
      await sleep(POLL_MS);
    }
  }

  /** By a reader of committed records that begins anew, and sees no more and no less than any other program. */
  async #verdict(): Promise<GroupOutcome> {
    const tally = new Tally();
    await this.#count(tally, true);
    const { counted, twice } = tally.totals();
    const expected = new Map<string, number>();
    for (const { origin } of this.#flights) expected.set(origin, (expected.get(origin) ?? 0) + 1);
    const [described] = await this.#moldau.admin().describeGroups([GROUP]);
    const published = this.#publishedUpTo;
    const differentOrigins = tally.differences(expected);
    const missing = published - counted;
    const lagRecords = (described?.group?.partitions ?? []).reduce((sum, { lagRecords = 0 }) => sum + lagRecords, 0);
    const right = published === this.#flights.length && missing === 0 && twice === 0 && differentOrigins.length === 0 && lagRecords === 0;
    const verdict = right ? 'every flight counted exactly once' : 'failed';
    return { published, counted, twice, missing, differentOrigins, killed: this.#killed, joined: this.#joined, lagRecords, verdict };
  }

  #start(name: string): void {
    const member = startChild({ command: process.execPath, arguments: [MEMBER, this.#bootstrap, name] });
    this.#members.set(name, member);
    void member.ended.then(({ code, signal }) => {
      if (code !== 0 && signal !== 'SIGKILL') this.#options.onStep(`${name} failed: ${member.stderr().trim()}`);
    });
  }

  async #publish(): Promise<void> {
    const { flightsPerSecond } = this.#options;
    await using producer = this.#moldau.producer({ keySerializer: serdes.string, valueSerializer: serdes.json<Flight>() });
    const deliveries: Promise<unknown>[] = [];
    const beganAt = performance.now();
    while (deliveries.length < this.#flights.length && !this.#ending.signal.aborted) {
      const due = Math.ceil(((performance.now() - beganAt) / 1_000) * flightsPerSecond);
      for (const flight of this.#flights.slice(deliveries.length, due)) {
        deliveries.push(producer.send({ topic: FLIGHTS, key: flight.origin, value: flight }));
      }
      this.#publishedUpTo = deliveries.length;
      await sleep(TICK_MS);
    }
    await Promise.all(deliveries);
    this.#options.onStep(`all ${this.#publishedUpTo} flights are published`);
  }

  /** One member is killed while it counts, and a new one joins when its partitions have gone to the others. */
  async #interfere(): Promise<void> {
    await this.#until(this.#flights.length * KILL_AT);
    const victim = [...this.#members.keys()][Math.floor(Math.random() * this.#members.size)];
    const member = victim === undefined ? undefined : this.#members.get(victim);
    if (this.#ending.signal.aborted || victim === undefined || member === undefined) return;
    member.kill('SIGKILL');
    await member.ended;
    this.#members.delete(victim);
    this.#killed.push(victim);
    this.#options.onStep(`${victim} was killed (SIGKILL); its session lasts ${SESSION_MS / 1_000} s, then the others go on`);
    await this.#until(this.#flights.length * JOIN_AT);
    if (this.#ending.signal.aborted) return;
    const name = `member-${FIRST_MEMBERS + 1}`;
    this.#start(name);
    this.#joined.push(name);
    this.#options.onStep(`${name} joins`);
  }

  /** Reads what was counted, of committed transactions only. */
  async #count(tally: Tally, stopAtEnd: boolean): Promise<void> {
    const { signal } = this.#ending;
    const consumer = this.#moldau.consumer({
      assignment: [{ topic: COUNTS, from: 'earliest' }],
      isolation: 'read_committed',
      valueDeserializer: serdes.json<CountedFlights>(),
      stopAtEnd,
      ...(stopAtEnd ? {} : { signal }),
    });
    for await (const { value } of consumer) if (value !== null) tally.add(value);
    await consumer.close();
  }

  /** Waits until so many are counted, or nothing is for long. */
  async #until(flights: number): Promise<void> {
    let last = { counted: -1, atMs: performance.now() };
    while (!this.#ending.signal.aborted) {
      const { counted } = this.#tally.totals();
      if (counted >= flights) return;
      if (counted > last.counted) last = { counted, atMs: performance.now() };
      else if (performance.now() - last.atMs > STANDSTILL_MS) {
        this.#options.onStep(`nothing was counted for ${STANDSTILL_MS / 1_000} s`);
        this.#ending.abort();
      }
      await sleep(POLL_MS);
    }
  }

  async #allJoined(members: number): Promise<void> {
    const deadlineMs = performance.now() + STANDSTILL_MS;
    while (!this.#ending.signal.aborted && performance.now() < deadlineMs) {
      const holding = this.#group?.members.filter(({ assigned }) => assigned.length > 0) ?? [];
      if (holding.length >= members) return;
      await sleep(POLL_MS);
    }
  }

  /** Describes the group again and again, and shows it. */
  async #look(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const [described] = await this.#moldau
        .admin()
        .describeGroups([GROUP])
        .catch(() => []);
      this.#group = described?.group ?? this.#group;
      this.#options.onView(viewLine(this.#group, this.#tally.totals().counted, this.#publishedUpTo));
      await sleep(VIEW_INTERVAL_MS);
    }
  }
}
