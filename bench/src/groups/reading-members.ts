import type { GroupConsumer, Moldau } from '@moldau/client';
import { sharedNowMs } from '../measure/process-clock.ts';

/** Members of the client that read. */
export type ReadTask =
  /** Members join; answers when they have begun to. */
  | { readonly kind: 'read-join'; readonly group: string; readonly topic: string; readonly members: number }
  /** All members leave; answers when they have. */
  | { readonly kind: 'read-leave' }
  /** Who got batches of what partition and when, since the last report. */
  | { readonly kind: 'read-report' };

/** The member, the partition, and the time on the clock of the machine. */
export type Arrival = readonly [member: string, partition: number, atMs: number];

/** Members that read as fast as records come, and note when batches came. */
export class ReadingMembers {
  readonly #moldau: Moldau;
  readonly #members: GroupConsumer[] = [];
  #arrivals: Arrival[] = [];
  #joined = 0;
  #failure: Error | undefined;

  constructor(moldau: Moldau) {
    this.#moldau = moldau;
  }

  async perform(task: ReadTask): Promise<readonly Arrival[] | null> {
    switch (task.kind) {
      case 'read-join':
        for (let count = 0; count < task.members; count++) {
          const member = this.#moldau.consumer({ group: task.group, topics: [task.topic], from: 'latest' });
          this.#members.push(member);
          void this.#read(member, `${process.pid}/${++this.#joined}`);
        }
        return null;
      case 'read-leave':
        await Promise.all(this.#members.splice(0).map((member) => member.close()));
        return null;
      case 'read-report': {
        if (this.#failure !== undefined) throw this.#failure;
        const arrivals = this.#arrivals;
        this.#arrivals = [];
        return arrivals;
      }
    }
  }

  async #read(member: GroupConsumer, name: string): Promise<void> {
    try {
      for await (const { partition } of member.batches()) this.#arrivals.push([name, partition, sharedNowMs()]);
    } catch (caught) {
      this.#failure = caught instanceof Error ? caught : new Error(String(caught));
    }
  }
}
