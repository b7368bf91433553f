import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel } from '@moldau/kernel';
import { type LatencyFigures, LatencyHistogram, Pacer, startStopwatch, type Throughput } from '@moldau/load';
import { createGrpcConnector } from '@moldau/platform-node';
import { callUnary, groupService } from '@moldau/protocol';
import { sharedNowMs } from '../measure/process-clock.ts';
import { StubMember } from './stub-member.ts';
import type { StubLook, StubTask } from './stub-tasks.ts';

const HEARTBEAT_MS = 2_000;
const CALL_TIMEOUT_MS = 30_000;
const LOOK_MS = 20;
const AWAIT_PAUSE_MS = 10;
/** At the same time, while groups are awaited. */
const AWAITING_MAX = 32;

/** `records` of the throughput are commits. */
export interface CommitFigures {
  readonly throughput: Throughput;
  readonly latency: LatencyFigures;
}

type Asked<Kind extends StubTask['kind']> = Extract<StubTask, { readonly kind: Kind }>;

/** Members and commits by the bare API, over one connection to each broker. */
export class GroupStubs {
  readonly #channels: readonly Channel[];
  readonly #members: StubMember[] = [];
  #lastChannel = 0;

  /** `bootstrap`: `host:port,…`. */
  constructor(bootstrap: string) {
    const connector = createGrpcConnector();
    this.#channels = bootstrap.split(',').map((address) => connector.connect(address));
    setInterval(() => {
      for (const member of this.#members) member.live();
    }, HEARTBEAT_MS).unref();
  }

  perform(task: StubTask): unknown {
    switch (task.kind) {
      case 'stub-join':
        return this.#join(task);
      case 'stub-look':
        return this.#look();
      case 'stub-leave':
        for (const member of this.#members.splice(0)) member.leave();
        return null;
      case 'stub-commit':
        return this.#commitAsMembers(task);
      case 'group-commit':
        return this.#commitToGroups(task);
      case 'group-await':
        return this.#await(task);
    }
  }

  #join({ topic, members, groups, prefix }: Asked<'stub-join'>): null {
    for (let index = 0; index < members; index++) {
      this.#members.push(new StubMember(this.#channel(), `${prefix}-${index % groups}`, topic));
    }
    return null;
  }

  #look(): StubLook {
    const failed = this.#members.find(({ failure }) => failure !== undefined);
    if (failed !== undefined) throw new Error(`a membership is over: ${failed.failure}`);
    const held = this.#members.map(({ assigned }) => assigned);
    return {
      members: this.#members.length,
      least: Math.min(...held),
      most: Math.max(...held),
      toldAtMs: Math.max(...this.#members.map(({ toldAtMs }) => toldAtMs)),
    };
  }

  async #commitAsMembers({ topicId, commits, perSecond }: Asked<'stub-commit'>): Promise<CommitFigures> {
    while (this.#members.some(({ assigned }) => assigned === 0)) await sleep(LOOK_MS);
    const free = [...this.#members];
    return this.#drive({ commits, inFlight: free.length, perSecond }, async () => {
      const member = free.shift();
      if (member === undefined) throw new Error('there are as many commits as members');
      await member.commit([{ topicId, partition: 0, offset: 0, metadata: '' }]);
      free.push(member);
    });
  }

  #commitToGroups({ topicId, prefix, groups, offsets, commits, inFlight }: Asked<'group-commit'>): Promise<CommitFigures> {
    const all = Array.from({ length: offsets }, (_, partition) => ({ topicId, partition, offset: 0, metadata: '' }));
    return this.#drive({ commits, inFlight, perSecond: 0 }, async (index) => {
      const request = { groupId: `${prefix}-${index % groups}`, offsets: all };
      const { results } = await callUnary(this.#channel(), groupService.commitOffsets, request, { timeoutMs: CALL_TIMEOUT_MS });
      const refused = results.find(({ error }) => error !== undefined)?.error;
      if (refused !== undefined) throw new Error(`a commit was refused: ${refused.reason} ${refused.message}`);
    });
  }

  /** So many at a time, as fast as that goes or at a rate; then the time that one waits for its turn is part of its latency. */
  async #drive(
    { commits, inFlight, perSecond }: { readonly commits: number; readonly inFlight: number; readonly perSecond: number },
    commit: (index: number) => Promise<void>,
  ): Promise<CommitFigures> {
    const histogram = new LatencyHistogram();
    const pacer = new Pacer(perSecond);
    const stop = startStopwatch();
    const startedAt = performance.now();
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let index = next++; index < commits; index = next++) {
        await pacer.wait(index);
        const dueAt = perSecond === 0 ? performance.now() : startedAt + (index * 1000) / perSecond;
        await commit(index);
        histogram.record(performance.now() - dueAt);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    return { throughput: stop(commits, 0), latency: histogram.figures() };
  }

  async #await({ prefix, groups, offsets }: Asked<'group-await'>): Promise<number> {
    let next = 0;
    let lastAtMs = 0;
    const lane = async (): Promise<void> => {
      for (let index = next++; index < groups; index = next++) {
        while (!(await this.#has(`${prefix}-${index}`, offsets))) await sleep(AWAIT_PAUSE_MS);
        lastAtMs = Math.max(lastAtMs, sharedNowMs());
      }
    };
    await Promise.all(Array.from({ length: AWAITING_MAX }, lane));
    return lastAtMs;
  }

  /** @throws Error when it answers with others: offsets are lost then */
  async #has(groupId: string, wanted: number): Promise<boolean> {
    let found: number;
    try {
      const request = { groupId, partitions: [], requireStable: false, pageToken: '' };
      ({ length: found } = (await callUnary(this.#channel(), groupService.fetchOffsets, request, { timeoutMs: CALL_TIMEOUT_MS })).offsets);
    } catch {
      return false;
    }
    if (found !== wanted) throw new Error(`group ${groupId} has ${found} offsets instead of ${wanted}`);
    return true;
  }

  #channel(): Channel {
    const channel = this.#channels[this.#lastChannel++ % this.#channels.length];
    if (channel === undefined) throw new Error('there is no broker');
    return channel;
  }
}
