import { type ErrorName, MoldauError } from '@moldau/kernel';
import type { Moldau } from '../core/moldau.ts';
import type { Producer } from '../core/producer/producer.ts';
import type { ProducerOptions } from '../core/producer/producer-types.ts';
import { serdes } from '../core/serdes.ts';
import { type Simulation, simulate } from './simulation.contract.ts';

export const TEXT = { keySerializer: serdes.string, valueSerializer: serdes.string };

export type TextProducer = Producer<string, string>;

/** A simulated cluster and a producer of texts. */
export function setUpProducer(
  options: ProducerOptions<string, string> = {},
  brokers = 1,
): Simulation & { readonly moldau: Moldau; readonly producer: TextProducer } {
  const simulation = simulate({ brokers });
  const moldau = simulation.connect();
  const producer: TextProducer = moldau.producer({ ...TEXT, ...options });
  return { ...simulation, moldau, producer };
}

/** The error that the promise must reject with. */
export function failure(promise: Promise<unknown>): Promise<MoldauError> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => MoldauError.from(error),
  );
}

export function scripted(reason: ErrorName): MoldauError {
  return new MoldauError(reason, `scripted ${reason}`);
}
