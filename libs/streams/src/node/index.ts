export { type DiskTaskStateOptions, MIRROR_ENTRIES, type OpenedState, openDiskTaskState } from './disk-task-state.ts';
export { CACHE_BYTES, removeState } from './state-database.ts';
