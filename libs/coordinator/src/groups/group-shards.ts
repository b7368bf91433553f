import type { ImageDelta } from '@moldau/cluster';
import type { GroupRef } from '@moldau/groups';
import { callUnary, partitionService } from '@moldau/protocol';
import type { BrokerChannels, ShardCallHandlers, ShardKindContext, ShardKindDefinition } from '../shards/shard-kind.ts';
import { GroupCalls } from './group-calls.ts';
import { GroupMachine } from './group-machine.ts';
import type { GroupViews } from './group-views.ts';
import { GroupWork } from './group-work.ts';
import { ImageSettings } from './image-settings.ts';
import { ImageTopics } from './image-topics.ts';
import { LagMeter, type LagSource } from './lag-meter.ts';
import { LagWatch } from './lag-watch.ts';
import { GroupMemberHost } from './member-host.ts';

/** Shards of groups and committed offsets, as this coordinator hosts them. */
export function groupShards(context: ShardKindContext<GroupMachine>): ShardKindDefinition<GroupMachine> {
  const { deps, settings, metadata, shards, brokers } = context;
  const { clock, scheduler, logger, meter } = deps;
  const image = () => metadata.image();
  const topics = new ImageTopics(image);
  const views: GroupViews = { topics, settings: new ImageSettings(image, logger) };
  const works = new Map<GroupMachine, GroupWork>();
  const lag = new LagMeter({ clock, image, source: leadersOf(brokers) });
  const machines = (): GroupMachine[] => [...shards.all()].flatMap((shard) => shard.active() ?? []);
  const watch = new LagWatch({ clock, scheduler, meter, lag, topics, machines, seriesMax: settings.groupLagSeriesMax });
  watch.start();
  const unlisten = metadata.listen({
    changed: (_, delta) => followMetadata(works.values(), topics, delta),
    reloaded: () => followMetadata(works.values(), topics, undefined),
  });
  return {
    kind: 'groups',
    createMachine: () => {
      const work = new GroupWork({ clock, scheduler, logger });
      const machine: GroupMachine = new GroupMachine({
        ...views,
        stirred: () => work.stir(),
        closed: () => {
          work.close();
          works.delete(machine);
        },
      });
      works.set(machine, work);
      return machine;
    },
    activated: (shard) => {
      const machine = shard.active();
      const work = machine && works.get(machine);
      work?.begin(shard);
      // Topics may be others than when the last owner looked.
      work?.refreshAll();
    },
    calls: handlersOf(new GroupCalls({ views, lag, coordinatorId: settings.coordinatorId })),
    members: new GroupMemberHost({ clock, views, shardOf: (index) => shards.get(index) }),
    stop: () => {
      unlisten();
      watch.stop();
    },
  };
}

/** Asks the brokers that lead partitions. */
function leadersOf(brokers: BrokerChannels): LagSource {
  return {
    measure: async (broker, request, timeoutMs) => callUnary(brokers.channel(broker), partitionService.measureLag, request, { timeoutMs }),
  };
}

/** Groups take notice of what they subscribe to and of their settings. */
function followMetadata(works: Iterable<GroupWork>, topics: ImageTopics, delta: ImageDelta | undefined): void {
  const all = topics.changed(delta);
  const groups: GroupRef[] = (delta?.configs ?? []).flatMap((target) => {
    return target.kind === 'group' ? [{ namespace: target.namespace, groupId: target.groupId }] : [];
  });
  for (const work of works) {
    if (all) work.refreshAll();
    else for (const group of groups) work.refresh(group);
  }
}

function handlersOf(calls: GroupCalls): ShardCallHandlers<GroupMachine> {
  return {
    commitOffsets: (shard, request, context) => calls.commitOffsets({ shard, ...context }, request),
    fetchOffsets: (shard, request, context) => calls.fetchOffsets({ shard, ...context }, request),
    stageOffsets: (shard, request, context) => calls.stageOffsets({ shard, ...context }, request),
    endStagedOffsets: (shard, request, context) => calls.endStagedOffsets({ shard, ...context }, request),
    listGroups: (shard, request, context) => calls.listGroups({ shard, ...context }, request),
    describeGroup: (shard, request, context) => calls.describeGroup({ shard, ...context }, request),
    deleteGroup: (shard, request, context) => calls.deleteGroup({ shard, ...context }, request),
    deleteOffsets: (shard, request, context) => calls.deleteOffsets({ shard, ...context }, request),
  };
}
