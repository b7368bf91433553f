import {
  currentProcess,
  loadConfiguration,
  type RunningService,
  runConfigured,
  type ServiceContext,
  type ServiceDefinition,
  STANDALONE_SETTINGS,
  serviceVariables,
} from '@moldau/service';
import { readyMessage } from './ready-message.ts';
import { flagsOf, type StandaloneOptions } from './standalone-options.ts';
import { type StandaloneSettings, startStandalone } from './start-standalone.ts';

/** Takes the line that tells of readiness, with its line break. */
export type Announce = (line: string) => void | Promise<void>;

/** Standalone as the life of a process; `announce` gets the line that tells of readiness. */
export function standaloneProcess(announce: Announce): ServiceDefinition<StandaloneSettings> {
  return {
    name: 'standalone',
    settings: STANDALONE_SETTINGS,
    async start(context: ServiceContext<StandaloneSettings>): Promise<RunningService> {
      const standalone = await startStandalone(context);
      void standalone.ready.then(
        (info) => announce(readyMessage(info, context.configuration.output)),
        () => {}, // `failed` says so too
      );
      return standalone;
    },
  };
}

export interface StandaloneProcessOptions extends StandaloneOptions {
  /** Form of the line that tells of readiness; default `table`, for people. */
  readonly output?: 'table' | 'json';
  /** Default: writes to stdout. */
  readonly announce?: Announce;
}

/**
 * Runs standalone until SIGTERM or SIGINT: for the command line, whose process this is. Settings that are not among the
 * options come from the environment.
 *
 * @throws MoldauError when it can't start or can't go on
 */
export async function runStandaloneProcess(options: StandaloneProcessOptions): Promise<void> {
  const { announce = (line) => void process.stdout.write(line), ...given } = options;
  const host = currentProcess();
  const from = { flags: flagsOf(given), environment: host.env, otherVariables: serviceVariables() };
  const loaded = await loadConfiguration(STANDALONE_SETTINGS, from);
  const code = await runConfigured(standaloneProcess(announce), loaded, host);
  // A shutdown that was cut off leaves things open that would keep the process alive.
  if (code !== 0) process.exit(code);
}
