import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { registerTransactionAbort } from './transaction-abort.ts';
import { registerTransactionDescribe } from './transaction-describe.ts';
import { registerTransactionFindHanging } from './transaction-find-hanging.ts';
import { registerTransactionList } from './transaction-list.ts';

export function registerTransaction(program: Command, context: CommandContext): void {
  const transaction = program.command('transaction').description('show transactions, and abort those that hang');
  registerTransactionList(transaction, context);
  registerTransactionDescribe(transaction, context);
  registerTransactionFindHanging(transaction, context);
  registerTransactionAbort(transaction, context);
}
