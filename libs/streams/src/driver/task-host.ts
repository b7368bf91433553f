import type { TopologyPlan } from '../graph/plan.ts';
import type { SubTopology } from '../graph/sub-topologies.ts';
import type { StoreFactory } from '../stores/store-factory.ts';
import type { GlobalTables } from '../task/global-tables.ts';
import type { OutputRecord } from '../task/output.ts';
import { StreamTask, type TaskPosition, type TaskSettings } from '../task/stream-task.ts';
import type { TopicLogs } from './topic-logs.ts';

export interface TaskHostOptions {
  readonly plan: TopologyPlan;
  readonly subTopology: SubTopology;
  readonly partition: number;
  readonly logs: TopicLogs;
  readonly globals: Pick<GlobalTables, 'store'>;
  readonly stores: StoreFactory;
  readonly settings: TaskSettings;
}

/**
 * A task and what the world keeps of it: its committed positions. What the task puts out counts from its commit on, all at
 * once, as under exactly_once; a crash leaves nothing of the rest.
 */
export class TaskHost {
  readonly #options: TaskHostOptions;
  #committed: readonly TaskPosition[];
  #uncommitted: OutputRecord[] = [];
  #task: StreamTask;
  #next = new Map<string, number>();

  constructor(options: TaskHostOptions, wallMs: number) {
    this.#options = options;
    const { plan, subTopology, partition, logs } = options;
    this.#committed = subTopology.sources
      .map((ref) => plan.topicName(ref))
      .filter((topic) => partition < (logs.partitionCount(topic) ?? 0))
      .map((topic) => ({ topic, partition, offset: 0, metadata: '' }));
    this.#task = this.#start(wallMs);
  }

  get task(): StreamTask {
    return this.#task;
  }

  get partition(): number {
    return this.#options.partition;
  }

  /** Works on what has come, in the order of time across topics, as far as async operators let it. True when there was any. */
  run(): boolean {
    const { logs } = this.#options;
    let worked = this.#task.drain();
    while (!this.#task.full) {
      const heads = [...this.#next].flatMap(([topic, offset]) => logs.records(topic, this.partition)[offset] ?? []);
      const [first, ...rest] = heads;
      if (first === undefined) return worked;
      const head = rest.reduce((least, record) => (record.timestampMs < least.timestampMs ? record : least), first);
      this.#next.set(head.topic, head.offset + 1);
      this.#task.process(head);
      worked = true;
    }
    return worked;
  }

  /** False while unfinished calls stand in the way. */
  commit(): boolean {
    if (this.#task.drainsBeforeCommit && this.#task.pending > 0) return false;
    this.#committed = this.#task.commit();
    const records = this.#uncommitted;
    this.#uncommitted = [];
    for (const record of records) this.#options.logs.append(record);
    return records.length > 0;
  }

  /** Throws the task away, with all that it has not committed, and begins again from what the world kept. */
  restart(wallMs: number): void {
    this.#task.close();
    this.#uncommitted = [];
    this.#task = this.#start(wallMs);
  }

  #start(wallMs: number): StreamTask {
    const { plan, subTopology, partition, logs, globals, stores, settings } = this.#options;
    const task = new StreamTask({
      id: { subTopology: subTopology.index, partition },
      application: plan.application,
      subTopology,
      topicName: plan.topicName,
      stores,
      changelog: {
        append: (store, key, value, timestampMs) => {
          const topic = plan.changelogName(store);
          this.#uncommitted.push({ topic, partition, key, value, timestampMs, headers: [] });
        },
      },
      output: {
        send: (record) => void this.#uncommitted.push(record),
        partitionCount: (topic) => logs.partitionCount(topic),
      },
      globals,
      settings,
      wallMs,
    });
    this.#restore(task);
    task.start(this.#committed);
    this.#next = new Map(this.#committed.map(({ topic, offset }) => [topic, offset]));
    return task;
  }

  #restore(task: StreamTask): void {
    const { plan, subTopology, partition, logs } = this.#options;
    for (const { name, log } of subTopology.stores) {
      if (log.kind === 'none') continue;
      const topic = log.kind === 'topic' ? log.topic : plan.changelogName(name);
      // A topic that is a changelog holds more than the task has seen.
      const end =
        log.kind === 'topic' ? (this.#committed.find((position) => position.topic === topic)?.offset ?? 0) : Number.POSITIVE_INFINITY;
      for (const { key, value, timestampMs } of logs.records(topic, partition).slice(0, end)) {
        if (key !== null) task.restore(name, key, value, timestampMs);
      }
    }
  }
}
