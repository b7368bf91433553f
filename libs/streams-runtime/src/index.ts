export type { ProcessPlace, StorePlace } from './core/store-places.ts';
export { type StandbyDescription, StreamsHandle, type StreamsState, type TaskDescription } from './core/streams-handle.ts';
export type { TaskPhase } from './core/task-phase.ts';
export { type StartStreamsOptions, startStreams } from './node/start-streams.ts';
