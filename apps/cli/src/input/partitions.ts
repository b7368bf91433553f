import type { TopicPartitions } from '@moldau/client';
import { InvalidArgumentError } from 'commander';

/** Larger than any index a topic may have. */
const PARTITION_MAX = 9_999;
const BROKER_ID_MAX = 2 ** 31 - 1;

/** A topic, or one partition of it. */
export interface TopicOrPartition {
  readonly topic: string;
  /** Undefined: all of them. */
  readonly partition: number | undefined;
}

/** Where the replicas of a partition shall be. */
export interface Move {
  readonly topic: string;
  readonly partition: number;
  /** The preferred leader first. */
  readonly replicas: readonly number[];
}

/** `orders` or `orders/3`. */
export function topicOrPartition(text: string): TopicOrPartition {
  const slash = text.lastIndexOf('/');
  if (slash < 0 && text.length > 0) return { topic: text, partition: undefined };
  const partition = wholeIn(text.slice(slash + 1), PARTITION_MAX);
  if (slash < 1 || partition === undefined) throw new InvalidArgumentError(`'${text}' is not TOPIC or TOPIC/PARTITION.`);
  return { topic: text.slice(0, slash), partition };
}

/** `orders/3`. */
export function onePartition(text: string): { readonly topic: string; readonly partition: number } {
  const { topic, partition } = topicOrPartition(text);
  if (partition === undefined) throw new InvalidArgumentError(`'${text}' is not TOPIC/PARTITION.`);
  return { topic, partition };
}

/** `orders/3=1,2,4`. */
export function move(text: string): Move {
  const [place = '', list = ''] = text.split('=');
  const { topic, partition } = topicOrPartition(place);
  if (partition === undefined || list === '') throw new InvalidArgumentError(`'${text}' is not TOPIC/PARTITION=BROKER,BROKER….`);
  return { topic, partition, replicas: brokerIds(list) };
}

/** `1,2,4`. */
export function brokerIds(text: string): readonly number[] {
  return text.split(',').map(brokerId);
}

/** One id of a broker. */
export function brokerId(text: string): number {
  const id = wholeIn(text, BROKER_ID_MAX);
  if (id === undefined) throw new InvalidArgumentError(`'${text}' is not the id of a broker: a whole number from 0 to ${BROKER_ID_MAX}.`);
  return id;
}

/** Each topic once: whole, or its partitions that are named. */
export function byTopic(places: readonly TopicOrPartition[]): readonly TopicPartitions[] {
  const topics = new Map<string, number[] | undefined>();
  for (const { topic, partition } of places) {
    const before = topics.get(topic);
    // The whole topic holds also those that are named.
    if (partition === undefined || (topics.has(topic) && before === undefined)) topics.set(topic, undefined);
    else topics.set(topic, [...(before ?? []), partition]);
  }
  return [...topics].map(([topic, partitions]) => (partitions === undefined ? { topic } : { topic, partitions }));
}

function wholeIn(text: string, max: number): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && value <= max ? value : undefined;
}

/** For arguments and options that may be repeated: parses each, and keeps those before it. */
export function collected<Value>(parse: (text: string) => Value): (text: string, before: readonly Value[] | undefined) => readonly Value[] {
  return (text, before = []) => [...before, parse(text)];
}
