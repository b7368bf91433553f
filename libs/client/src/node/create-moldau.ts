import {
  createGrpcConnector,
  createNodeClock,
  createNodeCompute,
  createNodeRandom,
  createNodeScheduler,
} from '@moldau/platform-node/client';
import { type MoldauOptions, parseClientOptions } from '../core/client-options.ts';
import { Moldau } from '../core/moldau.ts';

/**
 * A client of the cluster at these addresses. Connects when it is first used; `close` it, or `await using` it.
 *
 * @example
 * await using moldau = createMoldau({ bootstrap: '127.0.0.1:9092' });
 * await moldau.producer().send({ topic: 'greetings', value: Buffer.from('hello') });
 *
 * @throws MoldauError INVALID_CONFIG, INVALID_NAMESPACE
 */
export function createMoldau(options: MoldauOptions): Moldau {
  const settings = parseClientOptions(options);
  const ports = {
    clock: createNodeClock(),
    scheduler: createNodeScheduler(),
    random: createNodeRandom(),
    compute: createNodeCompute(),
    connector: createGrpcConnector({ userAgent: settings.clientId }),
    logger: settings.logger,
  };
  return new Moldau(ports, settings);
}
