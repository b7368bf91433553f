import { assert, DEFAULT_NAMESPACE, type Instants, MoldauError, type PartitionIndex, partitionKey, type TopicId } from '@moldau/kernel';
import { SeededIds, SeededRandom } from '@moldau/testkit';
import { ASSIGNOR_NAMES } from '../assignor/assignors.ts';
import type { AssignmentTask } from '../consumer/assignment-task.ts';
import { GroupShard } from '../group-shard.ts';
import type { GroupResult } from '../result.ts';
import { DEFAULT_GROUP_SETTINGS, type GroupSettings } from '../settings/group-settings.ts';
import { ModelClient, type ModelMessage } from './model-client.ts';
import { ModelTopics } from './model-topics.ts';
import { RecordLog, stateText } from './record-log.ts';

export const MODEL_GROUP = { namespace: DEFAULT_NAMESPACE, groupId: 'g' };
const REBALANCE_TIMEOUT_MS = 3_000;
const CLIENTS_MAX = 8;

/**
 * A group with clients that hear and speak late, crash, come back and change their minds, on a shard that is loaded anew from its
 * log now and then. After every step: no partition is read by two members, what the log says is what the shard knows, and nobody
 * committed what it did not own.
 */
export class ModelWorld {
  readonly random: SeededRandom;
  readonly topics = new ModelTopics();
  clients: ModelClient[] = [];
  shard: GroupShard;
  readonly log: RecordLog;
  readonly committed = new Map<string, number>();
  commits = 0;
  refused = 0;
  removed = 0;
  #follower: GroupShard;
  #ids: SeededIds;
  #nowMs = 1_000;
  #settings: GroupSettings = { ...DEFAULT_GROUP_SETTINGS, sessionTimeoutMs: 10_000, maxSize: CLIENTS_MAX };
  #task: AssignmentTask | undefined;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.#ids = new SeededIds(this.random);
    const options = { topics: this.topics, settings: { settingsOf: () => this.#settings } };
    this.log = new RecordLog(options);
    this.shard = new GroupShard(options);
    this.#follower = new GroupShard(options);
    this.shard.begin(this.now());
    for (const name of ['t-one', 't-two', 'other']) this.topics.put(DEFAULT_NAMESPACE, name, this.#ids.uuid(), this.random.between(1, 9));
  }

  now(): Instants {
    return { monotonicMs: this.#nowMs, wallMs: 1_700_000_000_000 + this.#nowMs };
  }

  /** One thing happens. */
  step(): void {
    const dice = this.random.below(1_000);
    if (dice < 25) this.#arrive();
    else if (dice < 32) this.#depart();
    else if (dice < 47) this.#changeWorld();
    else if (dice < 60) this.#passTime(this.random.between(1, 1_500));
    else if (dice < 64) this.#failOver();
    else if (dice < 300) this.#work();
    else this.#clientStep();
    this.check();
  }

  /** No more faults: everybody hears, speaks and gives up, until nothing is left to do. */
  settle(): void {
    for (let round = 0; round < 60; round++) {
      for (const client of this.#living()) {
        while (client.inbox.length > 0) client.hear();
        client.release();
        client.beat();
      }
      for (const client of this.clients) while (client.outbox.length > 0) this.#deliver(client);
      for (let count = 0; count < 5; count++) this.#work();
      this.#passTime(1_000);
      this.check();
    }
  }

  check(): void {
    this.shard.verify();
    const readers = new Map<string, string>();
    for (const client of this.clients) {
      if (client.fenced) continue;
      for (const key of client.reading.keys()) {
        const other = readers.get(key);
        assert(other === undefined, 'no two members read a partition', { partition: key, other, memberId: client.memberId });
        readers.set(key, client.memberId);
      }
    }
  }

  /** Members that live and are members, for all they know. */
  #living(): readonly ModelClient[] {
    return this.clients.filter((client) => !client.crashed && !client.fenced);
  }

  #arrive(): void {
    if (this.#living().length >= CLIENTS_MAX) return;
    const away = this.random.below(3) === 0 ? `i${this.random.below(4)}` : undefined;
    const names = ['t-one', 't-two', 'other', 'not-there'].filter(() => this.random.below(2) === 0).sort();
    const topicPattern = this.random.below(3) === 0 ? 't-.*' : undefined;
    const rack = this.random.pick(['a', 'b', 'c']);
    this.clients.push(new ModelClient({ memberId: this.#ids.uuid(), instanceId: away, rack, topicNames: names, topicPattern }));
  }

  #depart(): void {
    const living = this.#living();
    if (living.length === 0) return;
    const client = this.random.pick(living);
    const how = this.random.below(4);
    if (how === 0) client.crashed = true;
    else if (how === 1) client.reconnect();
    else client.leave(how === 2);
  }

  #changeWorld(): void {
    if (this.random.below(4) === 0) this.#settings = { ...this.#settings, assignor: this.random.pick([...ASSIGNOR_NAMES]) };
    else if (this.random.below(5) === 0) {
      const topic = this.random.pick([...this.topics.all()]);
      this.topics.delete(topic.topicId);
      this.topics.put(topic.namespace, topic.name, this.#ids.uuid(), topic.partitions);
    } else {
      const topic = this.random.pick([...this.topics.all()]);
      if (topic.partitions < 24) this.topics.put(topic.namespace, topic.name, topic.topicId, topic.partitions + this.random.between(1, 3));
    }
    this.#take(this.shard.refresh(this.now(), MODEL_GROUP));
  }

  #passTime(ms: number): void {
    this.#nowMs += ms;
    for (let count = 0; (this.shard.nextDeadlineMs() ?? Number.POSITIVE_INFINITY) <= this.#nowMs; count++) {
      assert(count < 1_000, 'expiry comes to an end', {});
      this.#take(this.shard.expire(this.now()));
    }
  }

  /** Another owner takes the shard over from its log; notices that were not delivered are lost with the streams. */
  #failOver(): void {
    this.shard = this.random.below(2) === 0 ? this.log.load() : this.log.loadCompacted();
    this.shard.begin(this.now());
    this.#task = undefined;
    for (const client of this.#living()) client.reconnect();
  }

  /** A part of what the shard's owner does in the background. */
  #work(): void {
    const dice = this.random.below(3);
    if (dice === 0 && this.#task === undefined && this.shard.groupsToAssign().length > 0)
      this.#task = this.shard.beginAssignment(MODEL_GROUP);
    else if (this.#task?.step() === true) {
      const task = this.#task;
      this.#task = undefined;
      this.#take(this.shard.adoptAssignment(this.now(), task));
    }
    if (this.random.below(2) === 0) this.#take(this.shard.reconcile(this.now(), this.random.between(1, 4)));
  }

  #clientStep(): void {
    const clients = this.clients.filter((client) => !client.crashed || client.outbox.length > 0);
    if (clients.length === 0) return;
    const client = this.random.pick(clients);
    const dice = this.random.below(10);
    if (client.crashed || dice < 3) this.#deliver(client);
    else if (dice < 5) client.hear();
    else if (dice < 6) client.release();
    else if (dice < 8) client.beat(this.random.below(24) === 0 ? ['t-one', 't-two'].slice(this.random.below(2)) : undefined);
    else this.#commitSomething(client);
  }

  /** What it reads, with the epoch it knows; or now and then something that it read once, with an epoch of then. */
  #commitSomething(client: ModelClient): void {
    const late = client.released.slice(0, client.releasesTold);
    if (late.length > 0 && this.random.below(2) === 0) {
      client.outbox.push({ type: 'commit', ...this.random.pick(late), offset: this.commits++, late: true });
      return;
    }
    const reading = [...client.reading.values()];
    if (!client.joined || reading.length === 0) return;
    const { topicId, partition } = this.random.pick(reading);
    client.outbox.push({ type: 'commit', memberEpoch: client.seenEpoch, topicId, partition, offset: this.commits++, late: false });
  }

  #deliver(client: ModelClient): void {
    const message = client.outbox.shift();
    if (message === undefined) return;
    try {
      this.#send(client, message);
    } catch (error) {
      if (!(error instanceof MoldauError)) throw error;
      this.refused++;
      const expected =
        message.type === 'join' ? error.reason === 'GROUP_FULL' : client.fenced || !client.joined || message.type === 'leave';
      assert(expected, 'only those who were removed are refused', { reason: error.reason, type: message.type, memberId: client.memberId });
      client.fenced = true;
    }
  }

  #send(client: ModelClient, message: ModelMessage): void {
    const { memberId, instanceId, rack, topicNames, topicPattern } = client;
    const member = { group: MODEL_GROUP, memberId };
    switch (message.type) {
      case 'join': {
        if (client.fenced) return;
        const said = { clientId: 'c', clientHost: 'h', metadata: new Uint8Array(), rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS, attempt: 0 };
        const result = this.shard.join(this.now(), { ...member, instanceId, rack, topicNames, topicPattern, ...said });
        client.inbox.push(result.response.assignment);
        this.#take(result);
        return;
      }
      case 'heartbeat': {
        client.releasesTold = Math.max(client.releasesTold, message.released);
        const subscription = message.topicNames === undefined ? undefined : { topicNames: message.topicNames, topicPattern };
        this.#take(
          this.shard.heartbeat(this.now(), { ...member, memberEpoch: message.memberEpoch, processingForMs: undefined, subscription }),
        );
        return;
      }
      case 'leave':
        this.#take(this.shard.leave(this.now(), { ...member, memberEpoch: message.memberEpoch, returning: message.returning }));
        return;
      case 'commit':
        this.#commit(client, message);
        return;
    }
  }

  #commit(client: ModelClient, { memberEpoch, topicId, partition, offset, late }: ModelMessage & { type: 'commit' }): void {
    const owned = !late && !client.fenced && client.reading.has(partitionKey(topicId, partition));
    const committer = { type: 'member', memberId: client.memberId, memberEpoch } as const;
    const offsets = [{ topicId, partition, offset, leaderEpoch: undefined, metadata: '', retentionMs: undefined }];
    const result = this.shard.commitOffsets(this.now(), { group: MODEL_GROUP, committer, offsets });
    this.#take(result);
    const error = result.response[0]?.error;
    if (error === undefined) {
      assert(!late, 'what was given up is not committed', { memberId: client.memberId, partition, memberEpoch });
      assert(!client.fenced, 'a member that was removed does not commit', { memberId: client.memberId });
      this.#rememberCommit(topicId, partition, offset);
      return;
    }
    this.refused++;
    // A topic that was deleted meanwhile is the one other reason.
    const legal = !owned || error.reason === 'UNKNOWN_TOPIC';
    assert(legal, 'a member may commit what it reads', { reason: error.reason, memberId: client.memberId, partition, memberEpoch });
  }

  #rememberCommit(topicId: TopicId, partition: PartitionIndex, offset: number): void {
    this.committed.set(partitionKey(topicId, partition), offset);
    const fetched = this.shard.fetchOffsets({
      group: MODEL_GROUP,
      partitions: new Map([[topicId, [partition]]]),
      stable: true,
      member: undefined,
    });
    assert(fetched[0]?.committed?.offset === offset, 'what was committed is fetched', { offset });
  }

  /** Records go to the log and to a follower that replays them; then the notices leave. */
  #take(result: GroupResult<unknown>): void {
    for (const record of this.log.append(result.records)) this.#follower.replay(record);
    if (result.records.length > 0) {
      assert(stateText(this.#follower) === stateText(this.shard), 'replaying the records gives the state', {
        records: result.records.length,
      });
    }
    for (const notice of result.notices) {
      const client = this.clients.find((each) => each.memberId === notice.memberId);
      if (notice.type === 'assignment') client?.inbox.push(notice.assignment);
      else if (client !== undefined) {
        this.removed++;
        client.fenced = true;
      }
    }
  }
}
