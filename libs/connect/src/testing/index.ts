export { collectErrors } from './collect-errors.ts';
export {
  type CollectingContext,
  createSinkContext,
  createSinkRecord,
  createSourceContext,
  type StoringContext,
} from './task-contexts.ts';
