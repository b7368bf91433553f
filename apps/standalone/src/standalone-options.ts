import { flagName } from '@moldau/service';

/** What a program that runs standalone itself may choose; everything else is a setting (docs/configuration.md). */
export interface StandaloneOptions {
  /** Directory for topics, metadata and all other state; made when it is missing. */
  readonly dataDir: string;
  /** Address the listener for clients binds to; default 127.0.0.1. */
  readonly host?: string;
  /** Its port; default 9092, 0 takes a free one. */
  readonly port?: number;
  /** Address the admin HTTP server binds to; default 127.0.0.1. */
  readonly adminHost?: string;
  /** Its port; default 9094, 0 takes a free one. */
  readonly adminPort?: number;
  /** What clients are told instead of host and port. */
  readonly advertisedHost?: string;
  readonly advertisedPort?: number;
  /** Default 1. */
  readonly brokerId?: number;
  readonly logLevel?: string;
  readonly tailCacheBytes?: number;
  readonly produceBudgetBytes?: number;
  readonly fetchBudgetBytes?: number;
}

/** The options as flags, so that they are checked as settings are. */
export function flagsOf(options: StandaloneOptions & { readonly output?: string }): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${flagName(name)}=${String(value)}`]));
}
