import { coordinatorService } from '@moldau/protocol';
import { ImageShardDirectory, ShardCaller } from '@moldau/shards';
import type { BrokerParts } from '../broker-parts.ts';
import type { ControllerClient } from '../session/controller-client.ts';

/** The broker's way to the coordinators that own shards of group and transaction state. */
export function createShardCaller({ deps, settings, cluster }: BrokerParts, controller: ControllerClient): ShardCaller {
  const { clock, scheduler, random, connector, meter } = deps;
  const directory = new ImageShardDirectory({
    image: () => cluster.current,
    listen: (listener) =>
      cluster.listen(({ delta }) => {
        if (delta === undefined || delta.shards || delta.topics.size > 0 || delta.cluster) listener();
      }),
    ensure: (request, timeoutMs) => controller.call(coordinatorService.ensureShards, request, clock.monotonicMs() + timeoutMs),
  });
  return new ShardCaller({ clock, scheduler, random, connector, meter, directory, name: `broker/${settings.brokerId}` });
}
