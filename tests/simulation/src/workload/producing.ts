import type { Producer as ClientProducer } from '@moldau/client';
import { type History, uniqueValue, type ValueIdentity } from '@moldau/harness/history';
import { MoldauError } from '@moldau/kernel';
import { SeededRandom } from '@moldau/testkit';
import type { Scenario } from '../scenario/scenario.ts';
import type { ClientNode } from '../world/client-node.ts';
import type { World } from '../world/world.ts';

export const TOPIC = 'numbers';

type Producer = ClientProducer<Uint8Array, Uint8Array>;

const VALUE_BYTES_MIN = 48;
const VALUE_BYTES_MAX = 900;
const BATCH_BYTES = [1_024, 16 * 1_024] as const;

export interface ProducingOptions {
  readonly world: World;
  readonly scenario: Scenario;
  readonly history: History;
  /** Default true; false plants a bug. */
  readonly idempotent: boolean;
}

/** Producers at work. Resolves when all that they sent has been answered, one way or the other. */
export async function produce(options: ProducingOptions): Promise<void> {
  const { scenario, world } = options;
  const shares = Array.from({ length: scenario.producers }, (_, at) => ({
    client: world.client(`producer-${at + 1}`),
    records: Math.ceil(scenario.records / scenario.producers),
    random: new SeededRandom(scenario.seed * 8 + at),
  }));
  await Promise.all(shares.map((share) => new ProducingClient(share.client, options, share.random).run(share.records)));
}

/** Sends one record to each partition and waits until all are confirmed. */
export async function probe({ world, scenario, history }: ProducingOptions): Promise<void> {
  const producer = world.client('observer').moldau.producer({ acks: 'all' });
  const sends = Array.from({ length: scenario.partitions }, (_, partition) =>
    sendOne({ world, history, producer, partition, identity: { producer: 'probe', sequence: partition }, size: VALUE_BYTES_MIN }),
  );
  await Promise.all(sends);
}

class ProducingClient {
  readonly #client: ClientNode;
  readonly #options: ProducingOptions;
  readonly #random: SeededRandom;
  readonly #producer: Producer;

  constructor(client: ClientNode, options: ProducingOptions, random: SeededRandom) {
    this.#client = client;
    this.#options = options;
    this.#random = random;
    this.#producer = client.moldau.producer({
      acks: 'all',
      idempotent: options.idempotent,
      deliveryTimeoutMs: options.scenario.deliveryTimeoutMs,
      maxBlockMs: options.scenario.deliveryTimeoutMs,
      batchBytes: random.pick(BATCH_BYTES),
      compression: random.pick(['none', 'none', 'lz4', 'gzip']),
    });
  }

  /** Bursts spread over the time of the load. */
  async run(records: number): Promise<void> {
    const { world, scenario, history } = this.#options;
    const sends: Promise<void>[] = [];
    const pauseMs = (scenario.loadMs * (scenario.burstMax + 1)) / 2 / records;
    while (sends.length < records) {
      await new Promise<void>((resolve) => {
        this.#client.process.scheduler.after(this.#random.fraction() * 2 * pauseMs, resolve);
      });
      for (let left = this.#random.between(1, scenario.burstMax); left > 0 && sends.length < records; left--) {
        const identity = { producer: this.#client.name, sequence: sends.length };
        const partition = this.#random.below(scenario.partitions);
        const size = this.#random.between(VALUE_BYTES_MIN, VALUE_BYTES_MAX);
        sends.push(sendOne({ world, history, producer: this.#producer, partition, identity, size }));
      }
    }
    await Promise.all(sends);
  }
}

interface OneSend {
  readonly world: World;
  readonly history: History;
  readonly producer: Producer;
  readonly partition: number;
  readonly identity: ValueIdentity;
  readonly size: number;
}

async function sendOne({ world, history, producer, partition, identity, size }: OneSend): Promise<void> {
  const value = uniqueValue(identity, size);
  history.begin(identity, partition, value.length);
  try {
    const { offset } = await producer.send({ topic: TOPIC, partition, value });
    if (offset === undefined) throw new Error('acknowledged without an offset');
    history.settle(identity, { kind: 'ok', offset });
    world.candidates.committed(partition, offset + 1);
    for (const value of [partition, offset, identity.sequence]) world.trace.mix(value);
  } catch (error) {
    const failure = MoldauError.from(error);
    const kind = failure.certainty === 'definite' ? 'fail' : 'info';
    world.trace.note(identity.producer, `${identity.sequence} to partition ${partition}: ${kind}, ${failure.reason}`);
    history.settle(identity, { kind });
  }
}
