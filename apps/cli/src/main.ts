import '@moldau/service/process-start';

import { onStopSignals } from '@moldau/service/stop-signals';
import { EXIT_CODES } from './exit-code.ts';
import { createProcessTerminal } from './process-terminal.ts';
import { run } from './run.ts';

const interruption = new AbortController();
onStopSignals({
  process,
  signals: ['SIGINT'],
  first: () => interruption.abort(),
  // After this event: standalone listens too, and says in its log why it ends.
  again: () => queueMicrotask(() => process.exit(EXIT_CODES.interrupted.code)),
});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT_CODES.ok.code); // the reader of our output has gone, and wants no more
});
process.exitCode = await run(process.argv.slice(2), createProcessTerminal(interruption.signal));
