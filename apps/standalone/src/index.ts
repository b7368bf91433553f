export { runStandalone, type Standalone } from './run-standalone.ts';
export type { StandaloneOptions } from './standalone-options.ts';
export { type Announce, runStandaloneProcess, type StandaloneProcessOptions } from './standalone-process.ts';
export type { StandaloneInfo } from './start-standalone.ts';
