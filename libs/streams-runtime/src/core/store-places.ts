import type { DescribedGroup, Moldau } from '@moldau/client';
import { type Clock, MoldauError } from '@moldau/kernel';
import type { PlannedPart, TopologyPlan } from '@moldau/streams';
import { decodeMemberNote } from './member-note.ts';

/** A process that runs the application. */
export interface ProcessPlace {
  readonly processId: string;
  /** Where it answers queries; undefined: it did not say. */
  readonly endpoint: string | undefined;
  /** This process. */
  readonly here: boolean;
}

/** Where one partition of a store is. */
export interface StorePlace {
  readonly partition: number;
  /** Who runs its task; undefined while nobody does. */
  readonly active: ProcessPlace | undefined;
  /** Who keeps copies of it, which may lag behind. */
  readonly standbys: readonly ProcessPlace[];
}

export interface StorePlacesOptions {
  readonly moldau: Moldau;
  readonly plan: TopologyPlan;
  readonly processId: string;
  readonly clock: Clock;
}

/** How long a description of the group counts, ms: queries come often, and tasks move seldom. */
const DESCRIPTION_MS = 1_000;

/** Finds the processes that have the partitions of stores, as the group knows them. */
export class StorePlaces {
  readonly #options: StorePlacesOptions;
  #described: { readonly group: Promise<DescribedGroup>; readonly untilMs: number } | undefined;

  constructor(options: StorePlacesOptions) {
    this.#options = options;
  }

  /** Every partition of a store. @throws MoldauError INVALID_REQUEST for a store that the application does not have; what describing fails with */
  async all(store: string): Promise<readonly StorePlace[]> {
    const part = this.#partOf(store);
    const group = await this.#group();
    return Array.from({ length: part.tasks }, (_, partition) => this.#place(group, part, partition));
  }

  #partOf(store: string): PlannedPart {
    const part = this.#options.plan.parts.find(({ subTopology }) => subTopology.stores.some(({ name }) => name === store));
    if (part !== undefined) return part;
    const { application } = this.#options.plan;
    throw new MoldauError('INVALID_REQUEST', `${application} has no store '${store}'`, { field: 'store', value: store, application });
  }

  #place({ members }: DescribedGroup, { subTopology }: PlannedPart, partition: number): StorePlace {
    const topics = new Set(subTopology.sources.map((ref) => this.#options.plan.topicName(ref)));
    let active: ProcessPlace | undefined;
    const standbys: ProcessPlace[] = [];
    for (const { metadata, assigned, following } of members) {
      const note = decodeMemberNote(metadata);
      if (note === undefined) continue;
      const place = { ...note, here: note.processId === this.#options.processId };
      if (assigned.some((each) => each.partition === partition && topics.has(each.topic))) active = place;
      else if (following.some((each) => each.partition === partition && each.part === subTopology.index)) standbys.push(place);
    }
    return { partition, active, standbys };
  }

  #group(): Promise<DescribedGroup> {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#described !== undefined && nowMs < this.#described.untilMs) return this.#described.group;
    const group = this.#describe();
    this.#described = { group, untilMs: nowMs + DESCRIPTION_MS };
    group.catch(() => (this.#described = undefined));
    return group;
  }

  async #describe(): Promise<DescribedGroup> {
    const [result] = await this.#options.moldau.admin().describeGroups([this.#options.plan.application], { membersOnly: true });
    if (result?.group !== undefined) return result.group;
    throw result?.error ?? new MoldauError('INTERNAL', 'no description of the group came');
  }
}
