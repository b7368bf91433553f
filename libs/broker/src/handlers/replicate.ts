import { replicationService } from '@moldau/protocol';
import { type ReplicateDeps, ReplicateStream } from '../replication/replicate-stream.ts';
import { bidirectional, type RegisteredMethod } from '../request/registered-method.ts';

/** `ReplicationService.Replicate`: what this broker leads, to a follower; nothing of namespaces or clients. */
export function replicateMethod(deps: ReplicateDeps): RegisteredMethod {
  return bidirectional(replicationService.replicate, (call) => new ReplicateStream(deps, call));
}
