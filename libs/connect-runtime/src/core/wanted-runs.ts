import type { JsonObject } from '@moldau/connect';
import type { ConnectorConfig, ConnectorKind, TargetState } from './config-record.ts';
import type { ConnectImage, ConnectorEntry } from './connect-image.ts';
import { type RunName, runKey } from './run-status.ts';

/** What a worker is to run: all that is mapped to the slots it holds, and nothing else. */
export interface WantedRun extends RunName {
  readonly kind: ConnectorKind;
  readonly config: ConnectorConfig;
  /** Of a task. */
  readonly settings: JsonObject;
  /** A run of a lower one is ended and started anew. */
  readonly revision: number;
  /** Of the config that it has. */
  readonly configRevision: number;
  readonly slot: number;
  readonly target: Exclude<TargetState, 'STOPPED'>;
  /** Its settings were planned from an older config: it goes on where it runs, and is not started until the new plan is there. */
  readonly isStale: boolean;
  /** Of a planner whose plan stands, and which has nothing to watch: it needs no thread, wherever it goes. */
  readonly isPlanned: boolean;
}

/** What runs on a worker now. */
export interface HeldRun extends RunName {
  readonly revision: number;
  readonly target: WantedRun['target'];
}

export type RunAction =
  | { readonly t: 'start'; readonly run: WantedRun }
  /** A newer life of the same: ended first, then started. */
  | { readonly t: 'replace'; readonly run: WantedRun }
  | { readonly t: 'retarget'; readonly run: WantedRun }
  | { readonly t: 'stop'; readonly name: RunName; readonly cause: 'deleted' | 'stopped' | 'moved' };

export function wantedRuns(image: ConnectImage, held: ReadonlySet<number>): readonly WantedRun[] {
  return image.entries().flatMap((entry) => runsOf(entry).filter(({ slot }) => held.has(slot)));
}

/** All runs of a connector, wherever they are. */
export function runsOf(entry: ConnectorEntry): readonly WantedRun[] {
  const { name, connector, slots, tasks, target, restart } = entry;
  if (target === 'STOPPED' || slots === undefined) return [];
  const shared = { connector: name, kind: connector.kind, config: connector.config, configRevision: connector.revision, target };
  const planner: WantedRun = {
    ...shared,
    task: undefined,
    settings: {},
    revision: Math.max(connector.revision, restart?.planner ?? 0),
    slot: slots.planner,
    isStale: false,
    isPlanned: isPlanned(entry),
  };
  const isStale = tasks !== undefined && tasks.configRevision < connector.revision;
  const list = (tasks?.tasks ?? []).flatMap((settings, task): readonly WantedRun[] => {
    const slot = slots.tasks[task];
    if (slot === undefined) return [];
    const revision = Math.max(tasks?.revision ?? 0, restart?.tasks[task] ?? 0);
    return [{ ...shared, task, settings, revision, slot, isStale, isPlanned: false }];
  });
  return [planner, ...list];
}

/** A plan of the present config, made after the last restart that a person asked for, by a planner that watches nothing. */
function isPlanned({ connector, tasks, restart }: ConnectorEntry): boolean {
  if (tasks === undefined || tasks.watches !== false) return false;
  return tasks.configRevision === connector.revision && tasks.revision > (restart?.planner ?? 0);
}

/** What to do so that exactly the wanted runs. Stops come first: they free what starts may need. */
export function actionsFor(image: ConnectImage, wanted: readonly WantedRun[], running: readonly HeldRun[]): readonly RunAction[] {
  const byKey = new Map(wanted.map((run) => [runKey(run), run]));
  const runningKeys = new Map(running.map((run) => [runKey(run), run]));
  const stops = running
    .filter((run) => !byKey.has(runKey(run)))
    .map(({ connector, task }): RunAction => ({ t: 'stop', name: { connector, task }, cause: causeOfStop(image, { connector, task }) }));
  const rest = wanted.flatMap((run): readonly RunAction[] => {
    const held = runningKeys.get(runKey(run));
    if (held === undefined) return run.isStale ? [] : [{ t: 'start', run }];
    if (held.revision < run.revision && !run.isStale) return [{ t: 'replace', run }];
    return held.target === run.target ? [] : [{ t: 'retarget', run }];
  });
  return [...stops, ...rest];
}

function causeOfStop(image: ConnectImage, { connector, task }: RunName): 'deleted' | 'stopped' | 'moved' {
  const entry = image.find(connector);
  if (entry === undefined) return 'deleted';
  if (entry.target === 'STOPPED') return 'stopped';
  if (task !== undefined && entry.tasks?.tasks[task] === undefined) return 'deleted';
  return 'moved';
}
