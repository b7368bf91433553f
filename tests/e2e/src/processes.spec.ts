import { createMoldau } from '@moldau/client';
import { startEtcd, whyNoEtcd } from '@moldau/cluster-etcd/testing';
import { freePort, type SpawnedService, scratchDirectory, spawnService } from '@moldau/harness';
import { expect, it } from 'vitest';
import { readAll } from './fixture/read-all.ts';

const TIMEOUT_MS = 120_000;

async function coordinatorFlags(etcd: string, port: number): Promise<readonly string[]> {
  const [, , address = ''] = etcd.split('/');
  return ['--etcd-endpoints', address, '--internal-host', '127.0.0.1', '--internal-port', String(port)];
}

it(
  'etcd, two coordinators and a broker as processes of their own serve a client, also after each of them was killed',
  async (context) => {
    const reason = await whyNoEtcd();
    if (reason !== undefined) return context.skip(reason);
    const etcd = await startEtcd();
    using scratch = scratchDirectory('processes');
    const services: SpawnedService[] = [];
    try {
      const coordinatorPorts = [await freePort(), await freePort()];
      const startCoordinator = async (port: number): Promise<SpawnedService> => {
        const flags = await coordinatorFlags(etcd.endpoint, port);
        const service = spawnService({ service: 'coordinator', flags, adminPort: await freePort() });
        services.push(service);
        await service.ready();
        return service;
      };
      const [first] = [await startCoordinator(coordinatorPorts[0] as number), await startCoordinator(coordinatorPorts[1] as number)];
      const [clientPort, internalPort, adminPort] = [await freePort(), await freePort(), await freePort()];
      const brokerFlags = [
        ...['--broker-id', '3', '--data-dir', `${scratch.path}/data`],
        ...['--coordinators', coordinatorPorts.map((port) => `127.0.0.1:${port}`).join(',')],
        ...['--client-host', '127.0.0.1', '--client-port', String(clientPort)],
        ...['--internal-host', '127.0.0.1', '--internal-port', String(internalPort)],
      ];
      const startBroker = async (): Promise<SpawnedService> => {
        const service = spawnService({ service: 'broker', flags: brokerFlags, adminPort });
        services.push(service);
        await service.ready();
        return service;
      };
      const broker = await startBroker();
      const moldau = createMoldau({ bootstrap: `127.0.0.1:${clientPort}` });
      const [created] = await moldau
        .admin()
        .createTopics([{ name: 'shared', partitions: 2, replicationFactor: 1, configs: { 'min.insync.replicas': '1' } }]);
      expect(created?.error).toBeUndefined();
      const producer = moldau.producer();
      const send = (value: string): Promise<unknown> => producer.send({ topic: 'shared', partition: 0, value: Buffer.from(value) });
      await send('before');

      // The controller or its standby: the other takes over, and metadata can be changed again.
      first.process.kill('SIGKILL');
      await send('with one coordinator');
      await expect
        .poll(async () => (await moldau.admin().addPartitions([{ name: 'shared', totalPartitions: 3 }]))[0]?.error?.reason, {
          timeout: 30_000,
        })
        .toBeUndefined();

      broker.process.kill('SIGKILL');
      await broker.process.ended;
      const restarted = await startBroker();
      await send('after the broker came back');
      await producer.close();
      const values = (await readAll(moldau, 'shared', { partition: 0 })).map(({ value }) => Buffer.from(value ?? []).toString());
      expect(values).toEqual(['before', 'with one coordinator', 'after the broker came back']);
      await moldau.close();
      expect(await restarted.stop()).toBe(0);
    } finally {
      await Promise.all(services.map((service) => service.stop()));
      await etcd.stop();
    }
  },
  TIMEOUT_MS,
);
