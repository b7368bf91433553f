import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';

/** grpc-js writes errors to the terminal that it also reports; only ours are logged, unless somebody debugs grpc-js by its variable. */
export function quietGrpc(): void {
  if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);
}
