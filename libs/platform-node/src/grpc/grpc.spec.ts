import { type CallHandlers, silentLogger } from '@moldau/kernel';
import { TRANSPORT_CONTRACT } from '@moldau/testkit';
import { describe, it } from 'vitest';
import { createGrpcConnector } from './grpc-connector.ts';
import { createGrpcServer } from './grpc-server.ts';

describe('gRPC keeps the contract of a transport', () => {
  for (const { name, run } of TRANSPORT_CONTRACT) {
    it(name, async () => {
      await run({
        connector: createGrpcConnector(),
        deadAddress: '127.0.0.1:1',
        serve: async (handlers: CallHandlers) => {
          const server = createGrpcServer({ logger: silentLogger });
          const { address } = await server.serve(handlers, { name: 'client', host: '127.0.0.1', port: 0 });
          return { address, close: () => server.shutdown(100) };
        },
      });
    });
  }
});
