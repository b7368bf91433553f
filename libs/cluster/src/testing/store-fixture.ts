import { type Clock, MoldauError, type Scheduler } from '@moldau/kernel';
import type { MetadataStore, RevisionEvents } from '../metadata-store.ts';

/** Real time, for the contract tests: they run against real servers too. */
export function realTime(): { readonly clock: Clock; readonly scheduler: Scheduler } {
  return {
    clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
    scheduler: {
      nextTurn: (callback) => void setImmediate(callback),
      after(delayMs, callback, options) {
        const timer = setTimeout(callback, delayMs);
        if (options?.background === true) timer.unref();
        return { cancel: () => clearTimeout(timer) };
      },
    },
  };
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** Polls in real time until the condition holds; fails after `timeoutMs`. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > until) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export async function reasonOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    if (error instanceof MoldauError) return error.reason;
    throw error;
  }
}

export async function put(store: MetadataStore, key: string, value: string): Promise<number> {
  const result = await store.transact({ comparisons: [], operations: [{ kind: 'put', key, value: bytesOf(value) }] });
  return result.revision;
}

/** What a watch has heard so far. */
export interface Heard {
  readonly revisions: RevisionEvents[];
  readonly progress: number[];
  compacted: MoldauError | undefined;
}

/** A watch that collects what it hears. */
export function collect(store: MetadataStore, prefix: string, after: number): { readonly heard: Heard; cancel(): void } {
  const heard: Heard = { revisions: [], progress: [], compacted: undefined };
  const watch = store.watch(
    { prefix, after },
    {
      revision: (changes) => void heard.revisions.push(changes),
      progress: (revision) => void heard.progress.push(revision),
      compacted: (error) => {
        heard.compacted = error;
      },
    },
  );
  return { heard, cancel: () => watch.cancel() };
}

let prefixCount = 0;

/** A prefix of its own for each test, so that one server serves them all. */
export function freshPrefix(): string {
  prefixCount += 1;
  return `/contract/${prefixCount}/`;
}
