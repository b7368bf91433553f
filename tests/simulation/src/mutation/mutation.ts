import type { MetadataStore } from '@moldau/cluster';
import type { Disk } from '@moldau/kernel';
import type { ScenarioOptions } from '../scenario/scenario.ts';

/** A known bug, put into the ports around the real code: no product code knows of it. */
export interface Mutation {
  readonly name: string;
  /** What a system with this bug does. */
  readonly description: string;
  /** Stands between a broker and its disk. */
  readonly disk?: (disk: Disk) => Disk;
  /** Stands between a coordinator and the metadata store. */
  readonly store?: (store: MetadataStore) => MetadataStore;
  /** Whether producers are idempotent; default true. */
  readonly idempotent?: boolean;
  /** Only findings of these names count, where the scenario costs a healthy system something too; default all. */
  readonly findings?: readonly string[];
  /** What the runs that look for it fix. */
  readonly scenario?: ScenarioOptions;
}
