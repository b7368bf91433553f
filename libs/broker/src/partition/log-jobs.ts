import { type Logger, MoldauError, type TopicId } from '@moldau/kernel';

/** Logs that are opened, made or closed at once. */
const CONCURRENT_JOBS_MAX = 16;

interface Job {
  readonly run: () => Promise<void>;
  /** Those that must end before it begins. */
  readonly after: readonly Promise<void>[];
  readonly done: () => void;
}

/** Slow work on logs, a bounded number at once: in order for one partition, and a topic's own behind its partitions'. */
export class LogJobs {
  readonly #logger: Logger;
  readonly #onDone: () => void;
  readonly #latest = new Map<TopicId, Map<number, Promise<void>>>();
  #queue: Job[] = [];
  #head = 0;
  #running = 0;
  #idle: (() => void)[] = [];

  constructor(logger: Logger, onDone: () => void) {
    this.#logger = logger;
    this.#onDone = onDone;
  }

  get isIdle(): boolean {
    return this.#running === 0 && this.#head === this.#queue.length;
  }

  /** Queues work on one partition, or with `index` undefined on the whole topic. What it throws is logged. */
  add(topicId: TopicId, index: number | undefined, job: () => Promise<void>): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ofTopic = this.#latest.get(topicId) ?? new Map<number, Promise<void>>();
    this.#latest.set(topicId, ofTopic);
    const before = index === undefined ? [...ofTopic.values()] : [ofTopic.get(index), ofTopic.get(WHOLE_TOPIC)];
    const key = index ?? WHOLE_TOPIC;
    ofTopic.set(key, promise);
    const done = (): void => {
      if (ofTopic.get(key) === promise) ofTopic.delete(key);
      if (ofTopic.size === 0 && this.#latest.get(topicId) === ofTopic) this.#latest.delete(topicId);
      resolve();
    };
    const run = async (): Promise<void> => {
      try {
        await job();
      } catch (caught) {
        this.#logger.error('a change of a partition failed', { topicId, partition: index, error: MoldauError.from(caught).message });
      }
    };
    this.#queue.push({ run, after: before.filter((promised) => promised !== undefined), done });
    this.#pump();
  }

  /** Forgets what has not begun. */
  clear(): void {
    for (const job of this.#queue.slice(this.#head)) job.done();
    this.#queue = [];
    this.#head = 0;
  }

  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #pump(): void {
    while (this.#running < CONCURRENT_JOBS_MAX && this.#head < this.#queue.length) {
      const job = this.#queue[this.#head]!;
      this.#head += 1;
      this.#running += 1;
      void this.#work(job);
    }
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
  }

  async #work(job: Job): Promise<void> {
    // Whatever it waits for was queued earlier, so it is running or done: no deadlock.
    await Promise.all(job.after);
    await job.run();
    job.done();
    this.#running -= 1;
    this.#pump();
    this.#onDone();
    if (!this.isIdle) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}

const WHOLE_TOPIC = -1;
