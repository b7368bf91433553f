import type { ConnectRig } from '../fixture/connect-rig.ts';
import type { Config } from '../fixture/rest-client.ts';

/** A connector that is to lose and double nothing, and the system that it reads or writes. One file below `subjects/` each. */
export interface KillSubject {
  /** For the command line and the results: `file-source`. */
  readonly name: string;
  /** What holds of it, as the page says it. */
  readonly title: string;
  /** Why it can't run on this machine; undefined when it can. */
  whyNot?(): Promise<string | undefined>;
  open(rig: ConnectRig): Promise<OpenSubject>;
}

/** The external system, running. */
export interface OpenSubject extends AsyncDisposable {
  /** What can be done to it besides kills of workers and brokers: it is killed and comes back. */
  readonly faults?: readonly { readonly name: string; hurt(): Promise<void> }[];
  /** Prepares one run; `name` is unlike those of other runs, and a legal name of topics, tables and files. */
  prepare(name: string): Promise<KillRun>;
}

export interface KillRun {
  readonly connectors: readonly { readonly name: string; readonly config: Config }[];
  /** Gives input until the signal aborts; resolves with how many records there have to be at the end. */
  feed(signal: AbortSignal): Promise<number>;
  /** What is wrong with what arrived; none once all is there, once each. Asked again until then, so it may be early. */
  findings(): Promise<readonly string[]>;
}
