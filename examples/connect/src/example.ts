import type { Stage } from './stage.ts';

export type Say = (line: string) => void;

export interface Verdict {
  readonly ok: boolean;
  readonly text: string;
}

/** What an example has started and made of its own. */
export interface PreparedExample extends AsyncDisposable {
  /** What the files in `connectors/` refer to as `${env:…}`. */
  readonly environment: Readonly<Record<string, string>>;
  run(stage: Stage): Promise<Verdict>;
}

export interface Example {
  readonly name: string;
  /** What it needs and this machine lacks; undefined where it can run. */
  whyNot(): string | undefined;
  prepare(say: Say): Promise<PreparedExample>;
}
