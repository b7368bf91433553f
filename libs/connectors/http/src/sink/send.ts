import { RetriableError, type SinkContext } from '@moldau/connect';
import { bodyOf, defaultContentType, type Entry } from './body.ts';
import type { HttpSinkConfig } from './sink-config.ts';

/** Bytes of an answer that an error shows. */
const SHOWN_BYTES = 500;

/** `wrong`: the receiver says that the records are. */
export type Sent = { readonly outcome: 'taken' } | { readonly outcome: 'wrong'; readonly message: string };

/**
 * One request with records of one partition.
 * @throws RetriableError if it may be taken later; Error if it never will, whatever the records are
 */
export async function send(entries: readonly Entry[], config: HttpSinkConfig, context: SinkContext, signal: AbortSignal): Promise<Sent> {
  const [first] = entries;
  if (first === undefined) return { outcome: 'taken' };
  const url = config['http.url'].replaceAll('${topic}', encodeURIComponent(first.record.topic));
  const abort = new AbortController();
  const timer = context.scheduler.after(config['request.timeout.ms'], () =>
    abort.abort(new Error(`no answer within ${config['request.timeout.ms']} ms`)),
  );
  try {
    const response = await fetch(url, {
      method: config['http.method'],
      headers: headersOf(entries, config),
      body: bodyOf(entries, config['batch.format']) as string,
      redirect: 'manual',
      signal: AbortSignal.any([signal, abort.signal]),
    });
    return await sentOf(response, url, config, context);
  } catch (error) {
    if (error instanceof Fatal || error instanceof RetriableError || signal.aborted) throw error;
    throw new RetriableError(`${url}: ${causeOf(error)}`, { cause: error });
  } finally {
    timer.cancel();
  }
}

/** No record could ever be taken: the address or the credentials are wrong. */
class Fatal extends Error {}

async function sentOf(response: Response, url: string, config: HttpSinkConfig, { clock }: SinkContext): Promise<Sent> {
  const { status } = response;
  if (status >= 200 && status < 300) {
    await response.body?.cancel();
    return { outcome: 'taken' };
  }
  const message = `${url}: status ${status}: ${await beginning(response)}`;
  if (config['record.error.statuses'].includes(String(status))) return { outcome: 'wrong', message };
  if (!config['retry.statuses'].includes(String(status))) throw new Fatal(message);
  const asked = retryAfterMs(response.headers.get('retry-after'), clock.wallMs());
  const retry = asked === undefined ? {} : { retryAfterMs: Math.min(asked, config['retry.after.max.ms']) };
  throw new RetriableError(message, retry);
}

/** `Retry-After` (RFC 9110, 10.2.3): seconds, or a date. */
export function retryAfterMs(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/** The first bytes of what was answered; the others are not read. */
async function beginning(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  if (response.body !== null) {
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      parts.push(part);
      length += part.length;
      if (length >= SHOWN_BYTES) break;
    }
  }
  return Buffer.concat(parts).subarray(0, SHOWN_BYTES).toString('utf8').trim();
}

function headersOf(entries: readonly Entry[], config: HttpSinkConfig): Headers {
  const headers = new Headers([...config['http.headers.']]);
  headers.set('content-type', config['content.type'] ?? defaultContentType(entries, config));
  headers.set(config['idempotency.header'], idempotencyKey(entries));
  const { 'auth.type': type, 'auth.token': token, 'auth.user': user, 'auth.password': password } = config;
  if (type === 'bearer') headers.set('authorization', `Bearer ${token?.reveal() ?? ''}`);
  if (type === 'basic')
    headers.set('authorization', `Basic ${Buffer.from(`${user ?? ''}:${password?.reveal() ?? ''}`).toString('base64')}`);
  return headers;
}

/** Topics have no characters that a header could not hold. */
function idempotencyKey(entries: readonly Entry[]): string {
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return '';
  const { topic, partition } = first.record.source;
  return `${topic}-${partition}-${first.record.offset}-${last.record.offset}`;
}

/** What `fetch` says stands in the cause: ECONNREFUSED and the like. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
