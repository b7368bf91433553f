export { type ConsumeFigures, type ConsumeLoad, consumeLoad } from './consume-load.ts';
export { type CopyLoad, copyLoad } from './copy-load.ts';
export type { LatencyFigures } from './latency-histogram.ts';
export { type LatencyLoad, latencyLoad } from './latency-load.ts';
export { type NewestRecords, newestRecords } from './newest-records.ts';
export { createPayloads } from './payloads.ts';
export { type ProduceFigures, type ProduceLoad, produceLoad } from './produce-load.ts';
export type { Throughput } from './stopwatch.ts';
export { type TransactionFigures, type TransactionLoad, transactionLoad } from './transaction-load.ts';
