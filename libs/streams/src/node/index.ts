export { type OpenedState, openDiskTaskState } from './disk-task-state.ts';
export { CACHE_BYTES, removeState, type StateDatabaseOptions } from './state-database.ts';
