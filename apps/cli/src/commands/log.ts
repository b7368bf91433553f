import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { registerLogDump } from './log-dump.ts';
import { registerLogRepair } from './log-repair.ts';

export function registerLog(program: Command, context: CommandContext): void {
  const log = program.command('log').description("look at a data directory's files, and repair them");
  registerLogDump(log, context);
  registerLogRepair(log, context);
}
