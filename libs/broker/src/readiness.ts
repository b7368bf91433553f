import type { MoldauError } from '@moldau/kernel';
import type { LogStore } from './partition/log-store.ts';
import type { Registration } from './session/registration.ts';

/** Whether the broker serves, and why not. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reasons: readonly string[] };

/** What a broker's readiness depends on. */
export interface ReadinessFacts {
  readonly phase: string;
  readonly metadataVersion: number;
  readonly logs: LogStore | undefined;
  readonly registration: Registration;
  readonly fatal: MoldauError | undefined;
}

export function readinessOf({ phase, metadataVersion, logs, registration, fatal }: ReadinessFacts): Readiness {
  const reasons: string[] = [];
  if (phase !== 'serving') reasons.push(`the broker is ${phase}`);
  if (metadataVersion === 0) reasons.push('no metadata of the cluster yet');
  if (logs === undefined) reasons.push('the data directory is not open');
  else if (logs.failure !== undefined) reasons.push(logs.failure.message);
  if (registration.epoch === undefined) reasons.push('not registered with the controller');
  else if (registration.isFenced) reasons.push('fenced by the controller');
  if (fatal !== undefined) reasons.push(fatal.message);
  return reasons.length === 0 ? { ready: true } : { ready: false, reasons };
}
