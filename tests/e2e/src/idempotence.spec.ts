import { setTimeout as sleep } from 'node:timers/promises';
import { createMoldau } from '@moldau/client';
import { checkHistory, createHistory, spawnStandalone, startWorkload, tcpProxy } from '@moldau/harness';
import { expect, it } from 'vitest';
import { readAll } from './fixture/read-all.ts';
import { createTopic } from './fixture/topic.ts';

const TIMEOUT_MS = 120_000;
const PARTITIONS = 3;
const LOST_ANSWERS = 5;

it(
  'an idempotent producer whose answers are lost and whose connections break writes each record once, in order',
  async () => {
    // Clients are told the advertised address: the broker's own is the proxy's.
    const proxy = await tcpProxy({ target: '127.0.0.1:1' });
    await using server = await spawnStandalone({ flags: ['--advertised-port', String(proxy.port)] });
    proxy.setTarget(server.listenAddress);
    const moldau = createMoldau({ bootstrap: proxy.address, requestTimeoutMs: 2000 });
    await createTopic(moldau, 'once', { partitions: PARTITIONS });
    const history = createHistory();
    const workload = startWorkload({ moldau, topic: 'once', partitions: PARTITIONS, producer: 'p', history });
    for (let round = 0; round < LOST_ANSWERS; round++) {
      const before = history.count('ok');
      await expect.poll(() => history.count('ok'), { timeout: 30_000 }).toBeGreaterThan(before + 100);
      proxy.setFault('drop-answers');
      await sleep(150);
      proxy.setFault('none');
      await sleep(50);
      proxy.reset();
    }
    await workload.stop();
    const reads = await readAll(moldau, 'once');
    await moldau.close();
    await proxy.close();
    expect(checkHistory(history.sends(), reads).slice(0, 10)).toEqual([]);
    expect(history.count('ok')).toBe(history.sends().length);
    expect(reads).toHaveLength(history.sends().length);
  },
  TIMEOUT_MS,
);
