import { MoldauError, type Scheduler } from '@moldau/kernel';
import type { TopicIdPartitions } from '@moldau/protocol';
import type { RequestContext } from '../request/request-context.ts';
import type { TransactionCoordinator } from './transaction-coordinator.ts';

/** First and longest pause before a coordinator is asked again that is still completing the producer's transaction before. */
const PAUSE_MS_MIN = 2;
const PAUSE_MS_MAX = 20;
/** So long that is waited for here, while the batches wait: longer than markers take. Then the producer is told, and sends them again. */
const COMPLETION_WAIT_MS = 500;

/** The question whether a partition is part of a transaction. */
export interface TransactionQuestion {
  readonly context: RequestContext;
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly topicId: string;
  readonly partition: number;
  readonly timeoutMs: number;
  /** Runs before each time that the coordinator is asked: what its answer is about begins here. */
  readonly asking: () => void;
}

/** Makes partitions part of transactions, before their first batch is appended. */
export interface TransactionVerifier {
  /** Resolves when the partition is part of the transaction. Rejects with a definite MoldauError. */
  verify(question: TransactionQuestion): Promise<void>;
}

/** Questions of one transaction that came in the same turn of the event loop. */
interface Gathered {
  readonly questions: TransactionQuestion[];
  readonly answer: PromiseWithResolvers<void>;
}

/** Asks the coordinators; what one transaction asks in one turn is one call. */
export class GatheringVerifier implements TransactionVerifier {
  readonly #scheduler: Scheduler;
  readonly #coordinator: TransactionCoordinator;
  readonly #gathering = new Map<string, Gathered>();

  constructor(scheduler: Scheduler, coordinator: TransactionCoordinator) {
    this.#scheduler = scheduler;
    this.#coordinator = coordinator;
  }

  verify(question: TransactionQuestion): Promise<void> {
    const { context, transactionalId, producerId, producerEpoch } = question;
    const key = `${context.namespace}/${transactionalId}/${producerId}/${producerEpoch}`;
    let gathered = this.#gathering.get(key);
    if (gathered === undefined) {
      const made: Gathered = { questions: [], answer: Promise.withResolvers<void>() };
      gathered = made;
      this.#gathering.set(key, made);
      this.#scheduler.nextTurn(() => {
        this.#gathering.delete(key);
        this.#ask(made.questions).then(made.answer.resolve, (caught: unknown) => made.answer.reject(definite(caught)));
      });
    }
    gathered.questions.push(question);
    return gathered.answer.promise;
  }

  async #ask(questions: readonly TransactionQuestion[]): Promise<void> {
    const first = questions[0]!;
    const { context, transactionalId, producerId, producerEpoch } = first;
    const timeoutMs = Math.max(1, ...questions.map((question) => question.timeoutMs));
    const request = { transactionalId, session: { producerId, producerEpoch }, partitions: byTopic(questions), groups: [] };
    for (let pauseMs = PAUSE_MS_MIN, waitedMs = 0; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      for (const question of questions) question.asking();
      try {
        await this.#coordinator.addToTransaction(request, context, timeoutMs - waitedMs);
        return;
      } catch (caught) {
        const error = MoldauError.from(caught);
        waitedMs += pauseMs;
        if (error.reason !== 'CONCURRENT_TRANSACTIONS' || waitedMs > COMPLETION_WAIT_MS || waitedMs >= timeoutMs) throw error;
      }
      await new Promise<void>((resolve) => this.#scheduler.after(pauseMs, resolve));
    }
  }
}

function byTopic(questions: readonly TransactionQuestion[]): TopicIdPartitions[] {
  const topics = new Map<string, Set<number>>();
  for (const { topicId, partition } of questions) {
    const partitions = topics.get(topicId) ?? new Set<number>();
    topics.set(topicId, partitions.add(partition));
  }
  return [...topics].map(([topicId, partitions]) => ({ topicId, partitions: [...partitions] }));
}

/** What can't be known of the coordinator is known of the batch: it was not written. */
function definite(caught: unknown): MoldauError {
  const error = MoldauError.from(caught);
  if (error.certainty === 'definite') return error;
  const message = `the coordinator of the transaction did not answer: ${error.message}`;
  return new MoldauError('COORDINATOR_NOT_AVAILABLE', message, error.facts, { cause: error });
}
