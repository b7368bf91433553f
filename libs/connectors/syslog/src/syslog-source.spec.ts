import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import type { JsonObject } from '@moldau/connect';
import { SourceKit, type SourceKitOptions } from '@moldau/connect/testing';
import type { Meter } from '@moldau/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import type { SyslogConfig } from './syslog-config.ts';
import { syslogSource } from './syslog-source.ts';

type Kit = SourceKit<SyslogConfig>;
const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

async function open(settings: JsonObject = {}, options: SourceKitOptions = {}): Promise<Kit> {
  const kit = await SourceKit.open(syslogSource, { port: 0, topic: 'logs', ...settings }, options);
  opened.push(kit);
  return kit;
}

function portOf(kit: Kit): number {
  return Number(/port (\d+)/.exec(kit.surroundings.statuses.get(0) ?? '')?.[1]);
}

async function sendUdp(kit: Kit, ...messages: readonly string[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const message of messages) await new Promise((resolve) => socket.send(message, portOf(kit), '127.0.0.1', resolve));
  socket.close();
}

async function dial(kit: Kit): Promise<Socket> {
  const socket = connect(portOf(kit), '127.0.0.1');
  opened.push({ close: () => socket.destroy() });
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A meter whose counters can be read by name. */
function countingMeter(): { readonly meter: Meter; readonly counts: Map<string, number> } {
  const counts = new Map<string, number>();
  const ignore = { with: () => ({ set: () => undefined, observe: () => undefined, record: () => undefined }), remove: () => undefined };
  const counter: Meter['counter'] = ({ name }) => ({
    with: (...labels) => ({
      add: (amount) => void counts.set([name, ...labels].join(' '), (counts.get([name, ...labels].join(' ')) ?? 0) + amount),
    }),
    remove: () => undefined,
  });
  return { meter: { counter, gauge: () => ignore, histogram: () => ignore }, counts };
}

describe('the syslog source', () => {
  it('takes datagrams', async () => {
    const kit = await open({ 'key.source': 'hostname' });
    await sendUdp(kit, '<34>1 2003-10-11T22:14:15.003Z host su - - - hello\n');
    const [record] = await kit.pollUntil(1);
    expect(record).toMatchObject({ topic: 'logs', key: { value: 'host' }, timestampMs: Date.UTC(2003, 9, 11, 22, 14, 15, 3) });
    expect(record?.value.value).toEqual({
      facility: 4,
      severity: 2,
      timestamp: Date.UTC(2003, 9, 11, 22, 14, 15, 3),
      hostname: 'host',
      app_name: 'su',
      proc_id: null,
      msg_id: null,
      structured_data: null,
      message: 'hello',
      address: '127.0.0.1',
      format: 'rfc5424',
    });
  });

  it('takes streams, in parts, by either framing, and the last message without an end', async () => {
    const kit = await open({ 'value.type': 'text' });
    const socket = await dial(kit);
    socket.write('<1>one\n6 <1>t');
    await pause(20);
    socket.end('wo<1>three');
    await kit.pollUntil(3);
    expect(kit.records.map(({ value }) => value.value)).toEqual(['<1>one', '<1>two', '<1>three']);
  });

  it('keeps what it does not know', async () => {
    const kit = await open({ format: 'rfc5424', 'timestamp.source': 'received', 'key.source': 'hostname' });
    await sendUdp(kit, '<34>Oct 11 22:14:15 mymachine su: x');
    const [record] = await kit.pollUntil(1);
    expect(record?.value.value).toMatchObject({ format: 'none', message: 'Oct 11 22:14:15 mymachine su: x' });
    expect(record?.key.value).toBe('127.0.0.1');
    expect(Math.abs((record?.timestampMs ?? 0) - Date.now())).toBeLessThan(10_000);
  });

  it('gives the bytes where it shall', async () => {
    const kit = await open({ 'value.type': 'bytes', protocols: 'udp' });
    await sendUdp(kit, 'x');
    expect((await kit.pollUntil(1))[0]?.value.value).toEqual(new Uint8Array([0x78]));
  });

  it.each([
    ['drop-newest', ['m0', 'm1', 'm2']],
    ['drop-oldest', ['m7', 'm8', 'm9']],
  ])('with udp.overflow=%s keeps so many datagrams and counts the others', async (policy, kept) => {
    const { meter, counts } = countingMeter();
    const kit = await open({ 'queue.max.records': 3, 'udp.overflow': policy, 'value.type': 'text', protocols: 'udp' }, { meter });
    await sendUdp(kit, ...Array.from({ length: 10 }, (_, number) => `m${number}`));
    await pause(100);
    await kit.drain();
    expect(kit.records.map(({ value }) => value.value)).toEqual(kept);
    expect(counts.get('moldau_connector_syslog_dropped_total')).toBe(7);
    expect(counts.get('moldau_connector_syslog_messages_total udp')).toBe(10);
  });

  it('holds back TCP senders while the queue is full, and loses nothing', async () => {
    const kit = await open(
      { 'queue.max.records': 10, 'value.type': 'text', protocols: 'tcp' },
      { limits: { maxRecords: 100, maxBytes: 100_000 } },
    );
    const socket = await dial(kit);
    const text = 'x'.repeat(1000);
    const count = 20_000;
    let sent = 0;
    const send = (): void => {
      while (sent < count && socket.write(`<1>${sent++} ${text}\n`));
    };
    socket.on('drain', send);
    send();
    await pause(200);
    // 20 MB don't fit into the buffers between, so the sender must have been stopped.
    expect(sent).toBeLessThan(count);
    await kit.pollUntil(count, 20_000);
    expect(kit.records).toHaveLength(count);
    expect(kit.records.at(-1)?.value.value).toBe(`<1>${count - 1} ${text}`);
  });

  it('cuts off what is too long', async () => {
    const { meter, counts } = countingMeter();
    const kit = await open({ 'message.max.bytes': 480, 'value.type': 'text' }, { meter });
    await sendUdp(kit, 'u'.repeat(600));
    const socket = await dial(kit);
    socket.end(`${'t'.repeat(600)}\nshort\n`);
    await kit.pollUntil(3);
    expect(kit.records.map(({ value }) => String(value.value as string).length).sort()).toEqual([480, 480, 5]);
    expect(counts.get('moldau_connector_syslog_truncated_total')).toBe(2);
  });

  it('waits while its port is taken', async () => {
    const first = await open({ protocols: 'udp' });
    const second = open({ protocols: 'udp', port: portOf(first) });
    await pause(100);
    await first.close();
    expect((await second).retried[0]?.message).toContain(`UDP port ${portOf(await second)} of 127.0.0.1: bind EADDRINUSE`);
  });

  it('closes connections beyond the bound', async () => {
    const kit = await open({ 'tcp.connections.max': 1, 'value.type': 'text' });
    const first = await dial(kit);
    const second = connect(portOf(kit), '127.0.0.1');
    await new Promise((resolve) => second.once('close', resolve));
    first.write('<1>still\n');
    await kit.pollUntil(1);
  });
});
