export {
  APPLICATION_EXPORT,
  type ProcessingGuarantee,
  type StateLocation,
  type StreamsApplication,
  type StreamsSettings,
} from './application/application.ts';
export { applicationOf, defineApplication, topologyOf } from './application/check-application.ts';
export { createTestDriver, TestDriver, type TestDriverOptions } from './driver/test-driver.ts';
export { type PipeOptions, type TestRecord, TestTopic } from './driver/test-topic.ts';
export { CogroupedStream } from './dsl/cogrouped-stream.ts';
export { GlobalTable } from './dsl/global-table.ts';
export { type CountOptions, GroupedStream } from './dsl/grouped-stream.ts';
export { GroupedTable } from './dsl/grouped-table.ts';
export type { KeyFormat, Named, RepartitionOptions, SinkOptions, SourceOptions, TableOptions, ValueFormat } from './dsl/options.ts';
export { type AsyncOptions, type Branches, RecordStream } from './dsl/record-stream.ts';
export { SessionWindowedStream } from './dsl/session-windowed-stream.ts';
export type { StreamJoinOptions } from './dsl/stream-joins.ts';
export { createStreamsBuilder, StreamsBuilder, type TableSourceOptions } from './dsl/streams-builder.ts';
export { type SuppressOptions, Table, type TimeLimitOptions } from './dsl/table.ts';
export { WindowedStream } from './dsl/windowed-stream.ts';
export type { TimestampExtractor, TopicRef } from './graph/operator.ts';
export { type InternalTopic, type PlannedPart, planTopology, type TopologyPlan } from './graph/plan.ts';
export type { SubTopology } from './graph/sub-topologies.ts';
export { type BuildOptions, Topology } from './graph/topology.ts';
export type { Aggregator, Initializer } from './operators/aggregate.ts';
export type { AsyncContext, AsyncMapper } from './operators/async-map.ts';
export type { Processor, ProcessorContext, ProcessorFactory } from './operators/processor.ts';
export type { SessionMerger } from './operators/session-aggregate.ts';
export type { Mapper } from './operators/stateless.ts';
export type { RowMapper } from './operators/table-operators.ts';
export { type SessionWindows, type SlidingWindows, type TimeWindows, windows } from './operators/windows.ts';
export type { Header, Headers, InputRecord, RecordContext } from './record/record-context.ts';
export type { TimeWindow, Windowed } from './record/windowed.ts';
export { integerSerde } from './serdes/integer-serde.ts';
export type { KeySerde, TopicSerdes } from './serdes/serde.ts';
export { windowedSerde } from './serdes/windowed-serde.ts';
export type { Changelog } from './stores/logged-stores.ts';
export { memoryStores } from './stores/memory-stores.ts';
export type { KeyValueStore, SessionEntry, SessionStore, StateStore, Timestamped, WindowEntry, WindowStore } from './stores/store.ts';
export type { StoreFactory } from './stores/store-factory.ts';
export {
  keyValueStore,
  type SessionStoreOptions,
  type StoreHandle,
  type StoreLog,
  type StoreOptions,
  type StoreSpec,
  sessionStore,
  type WindowStoreOptions,
  windowStore,
} from './stores/store-spec.ts';
export { memoryTaskStates, type TaskState, type TaskStates } from './stores/task-state.ts';
export type { FailureDecision, FailureHandler, FailureHandlers, FailurePhase, RecordFailure } from './task/failure.ts';
export { GlobalTables } from './task/global-tables.ts';
export type { Output, OutputRecord } from './task/output.ts';
export { StreamTask, type StreamTaskOptions, type TaskPosition, type TaskSettings } from './task/stream-task.ts';
export type { Punctuation, PunctuationTime, TaskId } from './task/task-services.ts';
export type { TaskStats } from './task/task-stats.ts';
