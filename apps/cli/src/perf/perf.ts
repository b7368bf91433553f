import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { registerPerfConsume } from './perf-consume.ts';
import { registerPerfLatency } from './perf-latency.ts';
import { registerPerfProduce } from './perf-produce.ts';

export function registerPerf(program: Command, context: CommandContext): void {
  const perf = program.command('perf').description("measure throughput and latency, with the figures of Kafka's tools");
  registerPerfProduce(perf, context);
  registerPerfConsume(perf, context);
  registerPerfLatency(perf, context);
}
