import type { Datum, SourceBatch, SourceContext, SourceRecord, SourceTask } from '@moldau/connect';
import type { Frame } from './frame-reader.ts';
import { withoutReturn } from './frame-reader.ts';
import { MessageQueue, type RawMessage } from './message-queue.ts';
import { parseRfc3164, unknownMessage } from './parse-rfc3164.ts';
import { parseRfc5424 } from './parse-rfc5424.ts';
import type { SyslogConfig } from './syslog-config.ts';
import { fieldsOf, messageSchema, type SyslogMessage } from './syslog-message.ts';
import { createSyslogMetrics, type SyslogMetrics } from './syslog-metrics.ts';
import { listenTcp, type TcpListener } from './tcp-listener.ts';
import { type Listener, listenUdp } from './udp-listener.ts';

/** Longest wait of one poll, so that the runtime is asked for other work now and then. */
const POLL_WAIT_MS = 500;

/** Listens at one port. */
export class SyslogTask implements SourceTask {
  readonly #config: SyslogConfig;
  readonly #context: SourceContext;
  readonly #queue: MessageQueue;
  readonly #metrics: SyslogMetrics;
  #udp: Listener | undefined;
  #tcp: TcpListener | undefined;

  private constructor(config: SyslogConfig, context: SourceContext) {
    this.#config = config;
    this.#context = context;
    this.#queue = new MessageQueue({ records: config['queue.max.records'], bytes: config['queue.max.bytes'] });
    this.#metrics = createSyslogMetrics(context.meter, {
      queued: () => this.#queue.length,
      connections: () => this.#tcp?.connections ?? 0,
    });
  }

  /** @throws RetriableError while the port is taken */
  static async start(config: SyslogConfig, context: SourceContext): Promise<SyslogTask> {
    const task = new SyslogTask(config, context);
    try {
      await task.#listen();
      return task;
    } catch (error) {
      await task.close();
      throw error;
    }
  }

  async poll(signal: AbortSignal): Promise<SourceBatch | undefined> {
    const { scheduler, limits } = this.#context;
    await this.#queue.ready(signal, (done) => {
      const timer = scheduler.after(POLL_WAIT_MS, done);
      return () => timer.cancel();
    });
    const messages = signal.aborted ? [] : this.#queue.take({ records: limits.maxRecords, bytes: limits.maxBytes });
    if (messages.length === 0) return undefined;
    if (this.#queue.isHalfEmpty) this.#tcp?.resume();
    return { records: messages.map((message) => this.#record(message)), positions: [] };
  }

  async close(): Promise<void> {
    await Promise.all([this.#udp?.close(), this.#tcp?.close()]);
    this.#udp = undefined;
    this.#tcp = undefined;
    const lost = this.#queue.take({ records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }).length;
    if (lost === 0) return;
    this.#metrics.dropped.add(lost);
    this.#context.logger.warn('messages that waited are lost, as the task ends', { count: lost });
  }

  async #listen(): Promise<void> {
    const { host, protocols } = this.#config;
    let port = this.#config.port;
    if (protocols.includes('tcp')) {
      this.#tcp = await listenTcp({
        host,
        port,
        framing: this.#config['tcp.framing'],
        messageBytesMax: this.#config['message.max.bytes'],
        connectionsMax: this.#config['tcp.connections.max'],
        idleTimeoutMs: this.#config['tcp.idle.timeout.ms'],
        onFrame: (frame, address) => this.#frame(frame, address),
        hasRoom: () => !this.#queue.isFull,
      });
      port = this.#tcp.port;
    }
    if (protocols.includes('udp')) {
      const onMessage = (bytes: Buffer, address: string): void => this.#datagram(bytes, address);
      this.#udp = await listenUdp({ host, port, receiveBufferBytes: this.#config['udp.receive.buffer.bytes'], onMessage });
      port = this.#udp.port;
    }
    this.#context.signalStatus(`listens at ${host} port ${port} (${protocols.join(', ')})`);
  }

  #frame({ bytes, truncated }: Frame, address: string): void {
    this.#metrics.tcp.add(1);
    if (truncated) this.#metrics.truncated.add(1);
    // A copy: the frame is part of what was read, which would be kept as long as it is.
    this.#queue.push({ bytes: Buffer.from(bytes), address, receivedMs: this.#context.clock.wallMs() });
  }

  #datagram(bytes: Buffer, address: string): void {
    this.#metrics.udp.add(1);
    if (this.#queue.isFull) {
      this.#metrics.dropped.add(1);
      if (this.#config['udp.overflow'] === 'drop-newest') return;
      this.#queue.take({ records: 1, bytes: 1 });
    }
    const whole = withoutReturn(bytes);
    const kept = whole.subarray(0, this.#config['message.max.bytes']);
    if (kept.length < whole.length) this.#metrics.truncated.add(1);
    this.#queue.push({ bytes: kept, address, receivedMs: this.#context.clock.wallMs() });
  }

  #record(raw: RawMessage): SourceRecord {
    const text = raw.bytes.toString('utf8');
    const message = this.#parse(text, raw.receivedMs);
    const timestampMs = (this.#config['timestamp.source'] === 'message' ? message.timestampMs : undefined) ?? raw.receivedMs;
    return {
      topic: this.#config.topic,
      key: { value: this.#key(message, raw) },
      value: this.#value(message, raw, text),
      headers: [],
      // Before 1970 there were no records.
      timestampMs: Math.max(0, timestampMs),
    };
  }

  #parse(text: string, nowMs: number): SyslogMessage {
    const { format } = this.#config;
    const options = { nowMs, zoneMinutes: this.#config['rfc3164.zone.minutes'] };
    const parsed =
      (format === 'rfc3164' ? undefined : parseRfc5424(text)) ?? (format === 'rfc5424' ? undefined : parseRfc3164(text, options));
    if (parsed !== undefined) return parsed;
    this.#metrics.unknown.add(1);
    return unknownMessage(text);
  }

  #key(message: SyslogMessage, { address }: RawMessage): string | null {
    switch (this.#config['key.source']) {
      case 'none':
        return null;
      case 'address':
        return address;
      case 'hostname':
        return message.hostname ?? address;
    }
  }

  #value(message: SyslogMessage, { bytes, address }: RawMessage, text: string): Datum {
    switch (this.#config['value.type']) {
      case 'struct':
        return { schema: messageSchema, value: fieldsOf(message, address) };
      case 'text':
        return { value: text };
      case 'bytes':
        return { value: new Uint8Array(bytes) };
    }
  }
}
