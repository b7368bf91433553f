import { MoldauError } from '@moldau/kernel';

/**
 * created → starting → serving → leaving → stopping → stopped; created, starting → stopping. `leaving`: the leaders move away, and
 * what is still led here is served.
 */
export type Phase = 'created' | 'starting' | 'serving' | 'leaving' | 'stopping' | 'stopped';

/** What clients are told; undefined: they are served. */
export function refusalIn(phase: Phase): MoldauError | undefined {
  switch (phase) {
    case 'serving':
    case 'leaving':
      return undefined;
    case 'created':
    case 'starting':
      return new MoldauError('BROKER_STARTING', 'the broker is starting', {});
    case 'stopping':
    case 'stopped':
      return new MoldauError('SHUTTING_DOWN', 'the broker is stopping', {});
  }
}

export function isStopping(phase: Phase): boolean {
  return phase === 'leaving' || phase === 'stopping' || phase === 'stopped';
}
