import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMoldau } from '@moldau/client';
import { spawnStandalone } from '@moldau/harness';
import { Acks, gatewayService, type NewRecord } from '@moldau/protocol';
import { expect, it } from 'vitest';
import { residentBytes } from '../fixture/process-memory.ts';
import { createTopic } from '../fixture/topic.ts';

const MIB = 2 ** 20;
const STREAMS = 30;
const REQUESTS_EACH = 20;
const TIMEOUT_MS = 120_000;
/** The broker may grow so much: its produce budget, a message a stream, and what V8 has not collected. */
const GROWTH_MAX_BYTES = 500 * MIB;

const noRecord: NewRecord = { headers: [] };

/** A gRPC message of one PublishStream request with so many empty records: two bytes each here, some hundred in the broker. */
function manyRecords(requestId: number): Buffer {
  const records = Array.from({ length: 10_000 }, () => noRecord);
  const bytes = gatewayService.publishStream.request
    .encode({ requestId, publish: { topic: 'flood', records, acks: Acks.LEADER } })
    .finish();
  const message = Buffer.alloc(5 + bytes.length);
  message.writeUInt32BE(bytes.length, 1);
  message.set(bytes, 5);
  return message;
}

/** Sends everything at once and gives no window for answers. */
function flood(session: ClientHttp2Session): void {
  for (let stream = 0; stream < STREAMS; stream += 1) {
    const path = gatewayService.publishStream.path;
    const request = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
    request.on('error', () => {});
    for (let id = 1; id <= REQUESTS_EACH; id += 1) request.write(manyRecords(id));
  }
}

it(
  'a client that floods many streams with tiny records and reads no answer takes bounded memory, and others go on',
  async () => {
    await using server = await spawnStandalone();
    const moldau = createMoldau({ bootstrap: server.address });
    await createTopic(moldau, 'flood');
    await createTopic(moldau, 'calm');
    const before = residentBytes(server.process.pid);
    const session = connect(`http://${server.address}`, { settings: { initialWindowSize: 0 } });
    session.on('error', () => {});
    flood(session);
    let grownBytes = 0;
    for (let look = 0; look < 40; look += 1) {
      await sleep(200);
      grownBytes = Math.max(grownBytes, residentBytes(server.process.pid) - before);
    }
    const producer = moldau.producer();
    await producer.send({ topic: 'calm', value: Buffer.from('still here') });
    await producer.close();
    session.destroy();
    await moldau.close();
    console.log(`the broker grew by ${Math.round(grownBytes / MIB)} MiB`);
    expect(grownBytes).toBeLessThan(GROWTH_MAX_BYTES);
  },
  TIMEOUT_MS,
);
