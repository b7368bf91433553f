import type { FetchedOffset, GroupRef, TopicsView } from '@moldau/groups';
import { type Clock, type Gauge, type Labelled, type Meter, MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import type { GroupMachine } from './group-machine.ts';
import type { LagMeter } from './lag-meter.ts';
import { type GroupLag, LagRanking, type PartitionLag } from './lag-ranking.ts';

/** Between the begins of two rounds, in milliseconds: figures are true to a second. */
const ROUND_INTERVAL_MS = 1_000;
/** Between the end of a round and the next, in milliseconds: with very many offsets figures get older instead. */
const PAUSE_MIN_MS = 250;
/** Positions of one step: some milliseconds. */
const POSITIONS_PER_STEP = 2_000;

export interface LagWatchDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly meter: Meter;
  readonly lag: LagMeter;
  readonly topics: TopicsView;
  /** Those shards that are active here. */
  readonly machines: () => Iterable<GroupMachine>;
  /** Most series of each of both metrics; groups beyond are summed up by namespace. */
  readonly seriesMax: number;
}

/** Both gauges of one position. */
interface Series {
  readonly labels: readonly string[];
  readonly records: Gauge;
  readonly seconds: Gauge;
}

/** Measures each second how far behind the groups are that are owned here, and shows it as metrics. */
export class LagWatch {
  readonly #deps: LagWatchDeps;
  readonly #records: Labelled<Gauge>;
  readonly #seconds: Labelled<Gauge>;
  #shown = new Map<string, Series>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(deps: LagWatchDeps) {
    this.#deps = deps;
    const labels = ['namespace', 'group', 'topic', 'partition'];
    const other = 'Of groups beyond the bound on series the sum over a namespace, with an empty group.';
    this.#records = deps.meter.gauge({
      name: 'moldau_group_lag_records',
      help: `Records between a group's committed offset and the end. ${other}`,
      labels,
    });
    this.#seconds = deps.meter.gauge({
      name: 'moldau_group_lag_seconds',
      help: `Age of the first record that a group has not committed. ${other.replace('the sum', 'the highest')}`,
      labels,
    });
  }

  start(): void {
    this.#arm(ROUND_INTERVAL_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#show([]);
  }

  #arm(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#deps.scheduler.after(delayMs, () => void this.#round(), { background: true });
  }

  async #round(): Promise<void> {
    const { clock, machines, seriesMax } = this.#deps;
    const beganMs = clock.monotonicMs();
    const ranking = new LagRanking(seriesMax);
    try {
      for (const machine of [...machines()]) await this.#measure(machine, ranking);
    } catch (caught) {
      if (!(caught instanceof MoldauError)) throw caught;
    }
    if (this.#stopped) return;
    this.#show(ranking.finish());
    this.#arm(Math.max(PAUSE_MIN_MS, ROUND_INTERVAL_MS - (clock.monotonicMs() - beganMs)));
  }

  async #measure({ shard }: GroupMachine, ranking: LagRanking): Promise<void> {
    const groups = [...shard.list()].map(({ group }) => group);
    let step: { readonly group: GroupRef; readonly offsets: readonly FetchedOffset[] }[] = [];
    let positions = 0;
    for (const group of groups) {
      if (this.#stopped) return;
      const offsets = shard.fetchOffsets({ group, partitions: undefined, stable: false, member: undefined });
      if (offsets.length === 0) continue;
      step.push({ group, offsets });
      positions += offsets.length;
      if (positions < POSITIONS_PER_STEP) continue;
      await this.#measureStep(step, ranking);
      step = [];
      positions = 0;
    }
    if (step.length > 0) await this.#measureStep(step, ranking);
  }

  async #measureStep(
    step: readonly { readonly group: GroupRef; readonly offsets: readonly FetchedOffset[] }[],
    ranking: LagRanking,
  ): Promise<void> {
    const { lag, topics } = this.#deps;
    const positions = step.flatMap(({ offsets }) => {
      return offsets.map(({ topicId, partition, committed }) => ({ topicId, partition, offset: committed?.offset }));
    });
    const lags = await lag.measure(positions);
    let at = 0;
    for (const { group, offsets } of step) {
      const partitions: PartitionLag[] = [];
      for (const { topicId, partition } of offsets) {
        const measured = lags[at++];
        const topic = topics.byId(topicId)?.name;
        if (measured?.records === undefined || topic === undefined) continue;
        partitions.push({ topic, partition, records: measured.records, ms: measured.ms ?? 0 });
      }
      ranking.add(group, partitions);
    }
  }

  /** Only what is new costs a look at labels: there may be ten thousand series. */
  #show(groups: readonly GroupLag[]): void {
    const shown = new Map<string, Series>();
    for (const { namespace, group, partitions } of groups) {
      for (const { topic, partition, records, ms } of partitions) {
        const key = `${namespace}/${group}/${topic}/${partition ?? ''}`;
        const series = this.#shown.get(key) ?? this.#seriesOf([namespace, group, topic, partition === undefined ? '' : String(partition)]);
        shown.set(key, series);
        series.records.set(records);
        series.seconds.set(ms / 1_000);
      }
    }
    for (const [key, { labels }] of this.#shown) {
      if (shown.has(key)) continue;
      this.#records.remove(...labels);
      this.#seconds.remove(...labels);
    }
    this.#shown = shown;
  }

  #seriesOf(labels: readonly string[]): Series {
    return { labels, records: this.#records.with(...labels), seconds: this.#seconds.with(...labels) };
  }
}
