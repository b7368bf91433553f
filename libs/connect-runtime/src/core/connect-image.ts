import type { JsonObject } from '@moldau/connect';
import { unreachable } from '@moldau/kernel';
import type { ConfigRecord, ConnectorRecord, RestartRecord, SlotsRecord, TargetState, TasksRecord } from './config-record.ts';

/** All that is known of one connector. */
export interface ConnectorEntry {
  readonly name: string;
  readonly connector: ConnectorRecord;
  readonly tasks: TasksRecord | undefined;
  readonly slots: SlotsRecord | undefined;
  readonly target: TargetState;
  readonly restart: RestartRecord | undefined;
}

/** Who leads, as far as the configs topic tells. */
export interface KnownLeader {
  readonly workerId: string;
  readonly restUrl: string;
}

/**
 * The configs topic, replayed: the same records in the same order give the same image on every worker. Records of a connector come
 * in any order within a transaction, and the topic may be compacted, so each kind is kept for itself until asked for.
 */
export class ConnectImage {
  readonly #connectors = new Map<string, ConnectorRecord>();
  readonly #tasks = new Map<string, TasksRecord>();
  readonly #slots = new Map<string, SlotsRecord>();
  readonly #targets = new Map<string, TargetState>();
  readonly #restarts = new Map<string, RestartRecord>();
  #revision = 0;
  #leader: KnownLeader | undefined;

  /** The newest there is; every change gets a higher one. */
  get revision(): number {
    return this.#revision;
  }

  get leader(): KnownLeader | undefined {
    return this.#leader;
  }

  /** By name, in the order of names. */
  get names(): readonly string[] {
    return [...this.#connectors.keys()].sort();
  }

  apply(record: ConfigRecord): void {
    switch (record.t) {
      case 'leader':
        this.#leader = { workerId: record.workerId, restUrl: record.restUrl };
        this.#see(record.revision);
        return;
      case 'connector':
        this.#connectors.set(record.name, record);
        this.#see(record.revision);
        return;
      case 'tasks':
        this.#tasks.set(record.name, record);
        this.#see(record.revision);
        return;
      case 'slots':
        this.#slots.set(record.name, record);
        return;
      case 'state':
        this.#targets.set(record.name, record.target);
        return;
      case 'restart':
        this.#restarts.set(record.name, record);
        this.#see(Math.max(record.planner, ...record.tasks));
        return;
      case 'tombstone':
        this.#forget(record.of, record.name);
        return;
      default:
        unreachable(record);
    }
  }

  find(name: string): ConnectorEntry | undefined {
    const connector = this.#connectors.get(name);
    if (connector === undefined) return undefined;
    return {
      name,
      connector,
      tasks: this.#tasks.get(name),
      slots: this.#slots.get(name),
      target: this.#targets.get(name) ?? 'RUNNING',
      restart: this.#restarts.get(name),
    };
  }

  entries(): readonly ConnectorEntry[] {
    return this.names.flatMap((name) => this.find(name) ?? []);
  }

  #see(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  #forget(kind: 'connector' | 'tasks' | 'slots' | 'state' | 'restart', name: string): void {
    const kinds = {
      connector: this.#connectors,
      tasks: this.#tasks,
      slots: this.#slots,
      state: this.#targets,
      restart: this.#restarts,
    };
    kinds[kind].delete(name);
  }
}

/** Settings of a connector's tasks; none while it is stopped, or not planned yet. */
export function taskSettings(entry: ConnectorEntry): readonly JsonObject[] {
  return entry.target === 'STOPPED' ? [] : (entry.tasks?.tasks ?? []);
}
