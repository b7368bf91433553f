/** What the life of a process needs of `process`; a fake in tests. */
export interface ProcessHandle {
  on(event: 'SIGTERM' | 'SIGINT' | 'uncaughtException' | 'unhandledRejection', listener: (cause: unknown) => void): unknown;
  off(event: 'SIGTERM' | 'SIGINT' | 'uncaughtException' | 'unhandledRejection', listener: (cause: unknown) => void): unknown;
  exit(code: number): void;
}
