import type { MetadataImage } from '@moldau/cluster';
import { MoldauError, type TopicId } from '@moldau/kernel';
import type { RequestContext } from './request-context.ts';

/** Resolves once the image shows what is waited for. Rejects REQUEST_TIMED_OUT (indefinite): it may still happen. */
export async function awaitImage(context: RequestContext, what: string, shows: (image: MetadataImage) => boolean): Promise<void> {
  const { keeper, deps } = context;
  if (shows(keeper.image())) return;
  await new Promise<void>((resolve, reject) => {
    const timer = deps.scheduler.after(context.timeoutMs, () => {
      forget();
      reject(
        new MoldauError('REQUEST_TIMED_OUT', `${what} took longer than ${context.timeoutMs} ms; it goes on`, {
          limit: String(context.timeoutMs),
        }),
      );
    });
    const look = (image: MetadataImage): void => {
      if (!shows(image)) return;
      timer.cancel();
      forget();
      resolve();
    };
    const forget = keeper.listen({ changed: look, reloaded: look });
  });
}

/** Whether a topic is active and all its partitions are led. */
export function topicIsServed(image: MetadataImage, topicId: TopicId): boolean {
  const topic = image.topics.get(topicId);
  if (topic?.state !== 'active') return false;
  return topic.partitions.size === topic.partitionCount && topic.partitions.every((partition) => partition?.leader !== undefined);
}
