import type { Moldau } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import type { TopologyPlan } from '@moldau/streams';
import type { RuntimePorts } from './runtime-options.ts';
import { taskKey } from './task-topics.ts';

/**
 * By task: how many changelog records state lacks that an earlier run left here. The group gives tasks to where their state is. What can't
 * be told is left out: then it is found out when it is restored.
 */
export async function lagsOfLeftState(moldau: Moldau, ports: RuntimePorts, plan: TopologyPlan): Promise<ReadonlyMap<string, number>> {
  const wanted: { readonly key: string; readonly topic: string; readonly partition: number; readonly checkpoint: number }[] = [];
  for (const id of ports.left()) {
    const part = plan.parts.find(({ subTopology }) => subTopology.index === id.subTopology);
    if (part === undefined || id.partition >= part.tasks) continue;
    try {
      const state = ports.states(id);
      for (const { name, log } of part.subTopology.stores) {
        const checkpoint = state.checkpoint(name);
        if (log.kind !== 'changelog' || checkpoint === undefined) continue;
        wanted.push({ key: taskKey(id), topic: plan.changelogName(name), partition: id.partition, checkpoint });
      }
      state.close();
    } catch (caught) {
      ports.logger.warn('state of an earlier run is left aside', { task: taskKey(id), error: MoldauError.from(caught).message });
    }
  }
  const lags = new Map<string, number>();
  if (wanted.length === 0) return lags;
  const ends = await moldau.admin().listOffsets(wanted.map(({ topic, partition }) => ({ topic, partition, position: 'latest' as const })));
  for (const [at, { key, checkpoint }] of wanted.entries()) {
    const end = ends[at]?.offset;
    if (end !== undefined) lags.set(key, (lags.get(key) ?? 0) + Math.max(0, end - checkpoint));
  }
  return lags;
}
