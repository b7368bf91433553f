import type { ActiveTopics } from './active-topics.ts';
import { topicKey } from './active-topics.ts';
import type { ConnectImage } from './connect-image.ts';
import { LEADER_SLOT } from './names.ts';
import { parseRunKey, type StatusImage } from './run-status.ts';

export interface StaleFacts {
  readonly image: ConnectImage;
  readonly statuses: StatusImage;
  readonly topics: ActiveTopics;
  /** Slots that this worker holds. */
  readonly held: ReadonlySet<number>;
  /** Keys of runs that it has or ends. */
  readonly running: ReadonlySet<string>;
}

/**
 * Keys of the status topic that somebody who died left behind: of tasks that are wanted no more, each for the owner of its slot
 * to take away, and of connectors that are gone, for the leader.
 */
export function staleKeys({ image, statuses, topics, held, running }: StaleFacts): readonly string[] {
  const isLeader = held.has(LEADER_SLOT);
  const runs = statuses.keys.filter((key) => {
    if (running.has(key)) return false;
    const name = parseRunKey(key);
    if (name === undefined) return false;
    const entry = image.find(name.connector);
    if (entry === undefined) return isLeader;
    const slot = name.task === undefined ? entry.slots?.planner : entry.slots?.tasks[name.task];
    if (slot === undefined) return isLeader;
    return held.has(slot) && (entry.target === 'STOPPED' || (name.task !== undefined && entry.tasks?.tasks[name.task] === undefined));
  });
  const gone = isLeader ? topics.connectors.filter((connector) => image.find(connector) === undefined) : [];
  return [...runs, ...gone.flatMap((connector) => topics.of(connector).map((topic) => topicKey(connector, topic)))];
}
