import { MoldauError } from '@moldau/kernel';
import { TaskStopped } from '../task/failure.ts';

/** Primary result codes of SQLite, https://www.sqlite.org/rescode.html; extended codes hold them in their low byte. */
const BUSY = 5;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;

/** What a database says of a failure. */
export function sqliteCode(thrown: unknown): number | undefined {
  const code = thrown instanceof Error && 'errcode' in thrown ? thrown.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** The file holds no state any more: a disk lost or altered what was written. */
export function isDamage(thrown: unknown): boolean {
  const code = sqliteCode(thrown);
  return code === CORRUPT || code === NOT_A_DATABASE;
}

export function openFailure(directory: string, cause: unknown): MoldauError {
  if (sqliteCode(cause) === BUSY)
    return new MoldauError(
      'STATE_LOCKED',
      `the state in ${directory} is in use by another task or process`,
      { path: directory },
      { cause },
    );
  return stateFailure(directory, cause);
}

export function stateFailure(directory: string, cause: unknown): MoldauError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  const hint = sqliteCode(cause) === FULL ? 'the disk is full: ' : '';
  return new MoldauError(
    'STATE_STORE_FAILED',
    `the state in ${directory} can not be kept: ${hint}${detail}`,
    { path: directory },
    { cause },
  );
}

/** Not the fault of one record: the task stops, whatever its handlers say. */
export function stopTask(directory: string, cause: unknown): TaskStopped {
  return cause instanceof TaskStopped ? cause : new TaskStopped(stateFailure(directory, cause));
}
