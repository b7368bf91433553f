import { setTimeout as sleep } from 'node:timers/promises';
import { type Message, protoClient } from './proto-client.ts';

/** As `clients/python/subscriber.py`: ADDRESS GROUP TOPIC. */
const [address = '', groupId = '', topic = ''] = process.argv.slice(2);
const gateway = await protoClient('moldau/v1/gateway.proto', 'moldau.v1.GatewayService', address);
const stream = gateway.duplex('Subscribe');
stream.write({ start: { groupId, topics: [topic], maxUnacknowledged: 20, reconnectGraceMs: 500 } });
for await (const message of stream) {
  const delivery = message['delivery'] as Message | undefined;
  if (delivery === undefined) continue;
  for (const record of delivery['records'] as Message[]) {
    await sleep(5);
    process.stdout.write(`${String(record['value'])}\n`);
  }
  stream.write({ acknowledge: { deliveryIds: [delivery['deliveryId']] } });
}
