import { Moldau, parseClientOptions } from '@moldau/client/core';
import { compress, decompress } from '@moldau/records';
import { SimCompute, type SimProcess } from '@moldau/testkit';
import { traceLogger } from '../run/trace-logger.ts';
import type { NodeDeps } from './node-deps.ts';

/** How long a client waits for the answer to one call: shorter than the default, for more retries in a short run. */
const REQUEST_TIMEOUT_MS = 3_000;

/** A program that uses the SDK, on a machine of its own. */
export class ClientNode {
  readonly name: string;
  readonly process: SimProcess;
  readonly moldau: Moldau;

  constructor(name: string, bootstrap: readonly string[], deps: NodeDeps) {
    const { scheduler, network, trace, random } = deps;
    this.name = name;
    this.process = scheduler.createProcess();
    const { clock, scheduler: turns } = this.process;
    const { connector } = network.node(name, turns);
    const compute = new SimCompute({ codecs: { compress, decompress }, scheduler: turns, latency: () => 1 });
    const settings = parseClientOptions({
      bootstrap,
      clientId: name,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      logger: traceLogger(trace, name),
      onStatus: (status) => trace.log(name, JSON.stringify(status)),
    });
    this.moldau = new Moldau({ clock, scheduler: turns, random, compute, connector, logger: settings.logger }, settings);
  }
}
