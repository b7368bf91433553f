import { MoldauError } from '@moldau/kernel';
import { type AppendToShardResponse, callUnary, openStream, partitionService, type ReadShardResponse, ShardKind } from '@moldau/protocol';
import { batchesIn, isControlAt, readBatch } from '@moldau/records';
import { batchOf, type SimBroker } from './sim-broker.ts';

export interface AppendTerms {
  readonly epoch: number;
  /** Undefined: a claim. */
  readonly end?: number;
  /** Undefined: a mark. */
  readonly values?: readonly string[];
  readonly leaderEpoch?: number;
  readonly timeoutMs?: number;
}

/** Appends to shard 0 of groups at one broker, as a coordinator does; the name of the error instead of throwing it. */
export class ShardOwnerRig {
  readonly #sim: SimBroker;
  readonly #address: string;

  constructor(sim: SimBroker, address = 'broker:9093') {
    this.#sim = sim;
    this.#address = address;
  }

  append(
    terms: AppendTerms,
  ): Promise<
    Pick<AppendToShardResponse, 'baseOffset' | 'endOffset'> | { readonly reason: string; readonly endOffset: string | undefined }
  > {
    const { epoch, end, values, leaderEpoch = 1, timeoutMs = 5_000 } = terms;
    const request = {
      kind: ShardKind.GROUPS,
      shard: 0,
      shardEpoch: epoch,
      expectedEndOffset: end,
      leaderEpoch,
      recordBatch: values === undefined ? new Uint8Array() : batchOf(values, { key: 'k', timestampMs: this.#sim.process.clock.wallMs() }),
    };
    const call = callUnary(this.#channel(), partitionService.appendToShard, request, { timeoutMs });
    return this.#sim.scheduler.until(
      call.then(
        ({ baseOffset, endOffset }) => ({ baseOffset, endOffset }),
        (caught: unknown) => {
          const { reason, facts } = MoldauError.from(caught);
          return { reason, endOffset: facts['end_offset'] };
        },
      ),
    );
  }

  /** Values of the records in [from, until), `mark` for each control record; or the name of the error. */
  async read(from: number, until: number): Promise<readonly string[] | string> {
    const values: string[] = [];
    const { promise, resolve } = Promise.withResolvers<string>();
    const message = ({ recordBatches }: ReadShardResponse): void => {
      for (const { position } of batchesIn(recordBatches)) {
        const isControl = isControlAt(recordBatches, position);
        for (const { value } of readBatch(recordBatches, position)) values.push(isControl ? 'mark' : Buffer.from(value ?? []).toString());
      }
    };
    const events = { message, closed: (error: MoldauError | undefined): void => resolve(error?.reason ?? 'OK') };
    const call = openStream(this.#channel(), partitionService.readShard, {}, events);
    call.send({ kind: ShardKind.GROUPS, shard: 0, fromOffset: from, untilOffset: until });
    call.end();
    const end = await this.#sim.scheduler.until(promise);
    return end === 'OK' ? values : end;
  }

  #channel(): ReturnType<ReturnType<SimBroker['network']['node']>['connector']['connect']> {
    return this.#sim.network.node('coordinator', this.#sim.scheduler).connector.connect(this.#address);
  }
}
