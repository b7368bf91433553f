export { type Coordinator, type CoordinatorRole, createCoordinator } from './coordinator.ts';
export type { CoordinatorDeps, CoordinatorOptions } from './options.ts';
