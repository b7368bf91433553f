import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Message, type ProtoClient, protoClient } from './proto-client.ts';

/** As `clients/python/subscriber.py`: ADDRESS,… GROUP TOPIC. */
const [addresses = '', groupId = '', topic = ''] = process.argv.slice(2);
const memberId = randomUUID();
const start = { groupId, topics: [topic], memberId, maxUnacknowledged: 20, reconnectGraceMs: 500 };

async function work(gateway: ProtoClient): Promise<void> {
  const stream = gateway.duplex('Subscribe');
  stream.write({ start });
  for await (const message of stream) {
    const delivery = message['delivery'] as Message | undefined;
    if (delivery === undefined) continue;
    for (const record of delivery['records'] as Message[]) {
      await sleep(5);
      process.stdout.write(`${String(record['value'])}\n`);
    }
    stream.write({ acknowledge: { deliveryIds: [delivery['deliveryId']] } });
  }
}

for (const all = addresses.split(','); ; all.push(all.shift() ?? '')) {
  const gateway = await protoClient('moldau/v1/gateway.proto', 'moldau.v1.GatewayService', all[0] ?? '');
  await work(gateway).catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  gateway.close();
  await sleep(200);
}
