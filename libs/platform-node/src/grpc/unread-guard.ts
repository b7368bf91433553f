import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Logger } from '@moldau/kernel';

/** How often connections are looked at: at a gigabyte a second a hostile one gains a quarter of that between two looks. */
const LOOK_INTERVAL_MS = 250;

/**
 * Ends connections that pile up what nobody reads. A call that is not read holds at most one receive window, but a
 * connection has many calls, and Node gives the connection's own window back when bytes arrive, not when they are read.
 */
export class UnreadGuard {
  readonly #limitBytes: number;
  readonly #logger: Logger;
  readonly #streams = new Map<ServerHttp2Session, Set<ServerHttp2Stream>>();
  #timer: NodeJS.Timeout | undefined;

  /** @param limitBytes - bytes that one connection may have waiting in all its calls */
  constructor(limitBytes: number, logger: Logger) {
    this.#limitBytes = limitBytes;
    this.#logger = logger;
  }

  /** From the session's beginning until it closes. */
  watch(session: ServerHttp2Session): void {
    const streams = new Set<ServerHttp2Stream>();
    this.#streams.set(session, streams);
    session.on('stream', (stream: ServerHttp2Stream) => {
      streams.add(stream);
      stream.once('close', () => streams.delete(stream));
    });
    session.once('close', () => {
      this.#streams.delete(session);
      if (this.#streams.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    });
    this.#timer ??= setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref();
  }

  #look(): void {
    for (const [session, streams] of this.#streams) {
      let unreadBytes = 0;
      for (const stream of streams) unreadBytes += stream.readableLength;
      if (unreadBytes <= this.#limitBytes) continue;
      const { remoteAddress, remotePort } = session.socket;
      this.#logger.warn('a connection is ended: it sent more than it lets be read', {
        peer: `${remoteAddress}:${remotePort}`,
        unreadBytes,
        limitBytes: this.#limitBytes,
        calls: streams.size,
      });
      session.destroy(new Error('the connection has too much unread'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }
}
