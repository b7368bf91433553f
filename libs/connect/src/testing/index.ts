export { collectErrors } from './collect-errors.ts';
export type { KitOptions, LogLine } from './kit-surroundings.ts';
export { type SinkInput, SinkKit, type SinkKitOptions } from './sink-kit.ts';
export { type SourceCrash, SourceKit, type SourceKitOptions } from './source-kit.ts';
export {
  type CollectingContext,
  createSinkContext,
  createSinkRecord,
  createSourceContext,
  type StoringContext,
} from './task-contexts.ts';
