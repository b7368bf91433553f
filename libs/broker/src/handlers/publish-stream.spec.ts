import { Acks, gatewayService } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { openDirect, SimBroker } from '../testing/sim-broker.ts';

describe('a PublishStream', () => {
  it('holds the budget for many small records, and pauses while it has as many unanswered as one request may have', async () => {
    const sim = await SimBroker.started({ produceBudgetBytes: 1024 * 1024 });
    await sim.topic('orders');
    const stream = openDirect(sim, gatewayService.publishStream.path);
    const many = (requestId: number, records: number) =>
      gatewayService.publishStream.request.encode({
        requestId,
        publish: { topic: 'orders', records: Array.from({ length: records }, () => ({ headers: [] })), acks: Acks.ALL },
      });
    for (const requestId of [1, 2]) stream.events?.message(many(requestId, 3_000).finish());
    expect(stream.paused).toBe(false);
    stream.events?.message(many(3, 4_000).finish());
    expect(stream.paused).toBe(true);
    await sim.scheduler.runFor(100);
    expect(stream.paused).toBe(false);
    const answers = stream.written.map((bytes) => gatewayService.publishStream.response.decode(bytes).frame);
    const reasons = answers.flatMap((frame) => (frame?.$case === 'answer' ? [[frame.value.requestId, frame.value.error?.reason]] : []));
    expect(reasons.sort()).toEqual([
      [1, undefined],
      [2, 'MEMORY_BUDGET_EXHAUSTED'],
      [3, 'MEMORY_BUDGET_EXHAUSTED'],
    ]);
  });
});
