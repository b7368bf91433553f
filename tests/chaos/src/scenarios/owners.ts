import type { ChaosProcess } from '../cluster/chaos-cluster.ts';
import { eventually } from '../run/progress.ts';
import type { RoundContext } from './scenario.ts';

/** The coordinator that owns the shard of a transactional id, as soon as there is one. */
export function ownerOfTransaction({ cluster, moldau }: RoundContext, transactionalId: string): Promise<ChaosProcess> {
  return ownerBy(cluster.coordinators, transactionalId, async () => {
    const [described] = await moldau.admin().describeTransactions([transactionalId]);
    return described?.transaction?.coordinatorId;
  });
}

/** The same of a group. */
export function ownerOfGroup({ cluster, moldau }: RoundContext, groupId: string): Promise<ChaosProcess> {
  return ownerBy(cluster.coordinators, groupId, async () => {
    const [described] = await moldau.admin().describeGroups([groupId], { membersOnly: true });
    return described?.group?.coordinatorId;
  });
}

async function ownerBy(coordinators: readonly ChaosProcess[], what: string, ask: () => Promise<string | undefined>): Promise<ChaosProcess> {
  let owner: ChaosProcess | undefined;
  await eventually(async () => {
    const id = await ask();
    owner = coordinators.find(({ name }) => name === id);
    return owner !== undefined;
  }, `${what} has no owner`);
  return owner as ChaosProcess;
}

/** A topic of a round, with three replicas. */
export async function createReplicated({ moldau }: RoundContext, name: string, partitions: number): Promise<void> {
  const topic = { name, partitions, replicationFactor: 3, configs: { 'min.insync.replicas': '2' } };
  const [created] = await moldau.admin().createTopics([topic]);
  if (created?.error !== undefined) throw created.error;
}
