import type { Mutation } from './mutation.ts';
import { REPLICATION_MUTATIONS } from './replication-mutations.ts';
import { SINGLE_REPLICA_MUTATIONS } from './single-replica-mutations.ts';
import { TRANSACTION_MUTATIONS } from './transaction-mutations.ts';

/** The known bugs that can be switched on, by name; docs/simulation.md has the seeds that find each. */
export const MUTATIONS: readonly Mutation[] = [...SINGLE_REPLICA_MUTATIONS, ...REPLICATION_MUTATIONS, ...TRANSACTION_MUTATIONS];
