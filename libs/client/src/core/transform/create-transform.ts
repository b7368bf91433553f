import type { Cluster } from '../cluster/cluster.ts';
import { GroupConsumer } from '../group/group-consumer.ts';
import { TransactionalProducer } from '../transaction/transactional-producer.ts';
import { parseTransformOptions, Transform } from './transform.ts';
import { TransformMember, type TransformReports } from './transform-member.ts';
import type { TransformOptions } from './transform-types.ts';
import { createWork } from './transform-work.ts';

/** See `Moldau.transform`. @throws MoldauError INVALID_CONFIG, INVALID_TRANSACTIONAL_ID */
export function createTransform<InK, InV, OutK, OutV>(
  cluster: Cluster,
  options: TransformOptions<InK, InV, OutK, OutV>,
  onClosed: () => void,
): Transform {
  const { ports } = cluster;
  const { members, timeoutMs, ...limits } = parseTransformOptions(options);
  const work = createWork(options);
  const { group, from, transactionalId, source, sink } = options;
  const topics = typeof from === 'string' ? [from] : from;
  const onRetry =
    options.onRetry ?? ((error) => ports.logger.warn('a transaction of a transform is repeated', { group, error: error.message }));
  // The members close what they have, in their order: nothing of it is the client's own.
  const nobody = (): void => {};
  const create = (index: number, reports: TransformReports): TransformMember<InK, InV, OutK, OutV> =>
    new TransformMember<InK, InV, OutK, OutV>({
      ports,
      limits,
      reports,
      work,
      producer: new TransactionalProducer<OutK, OutV>(
        cluster,
        { ...sink, transactionalId: `${transactionalId}-${index}`, timeoutMs },
        nobody,
      ),
      consumer: (events) =>
        new GroupConsumer<InK, InV>(
          cluster,
          { isolation: 'read_committed', ...source, ...events, group, topics, autoCommit: false },
          nobody,
        ),
    });
  return new Transform(members, create, onRetry, onClosed);
}
