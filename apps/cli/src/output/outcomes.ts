import type { PartitionOutcome } from '@moldau/client';
import type { CommandContext } from '../context.ts';

/** `orders/3`. */
export function partitionName({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}

/** Says what failed, each in a line, and throws the first of it; nothing where nothing did. */
export function failWithFirst(context: CommandContext, outcomes: readonly Omit<PartitionOutcome, 'topicId'>[]): void {
  const failed = outcomes.filter((outcome) => outcome.error !== undefined);
  for (const outcome of failed.slice(1)) {
    context.terminal.note(`moldau: ${partitionName(outcome)}: ${outcome.error?.reason}: ${outcome.error?.message}`);
  }
  const error = failed[0]?.error;
  if (error !== undefined) throw error;
}
