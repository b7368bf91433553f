import type { JsonObject, JsonValue } from '@moldau/connect';
import type { ConnectorConfig, ConnectorKind, TargetState } from './config-record.ts';

/** What only the leader decides. Plain JSON: other workers forward it as it is. */
export type ConnectCommand =
  | {
      readonly t: 'create';
      readonly name: string;
      readonly kind: ConnectorKind;
      readonly config: ConnectorConfig;
      readonly target: TargetState;
    }
  | { readonly t: 'apply'; readonly name: string; readonly kind: ConnectorKind; readonly config: ConnectorConfig }
  | { readonly t: 'delete'; readonly name: string }
  | { readonly t: 'target'; readonly name: string; readonly target: TargetState }
  /** Without `task`: the planner, and with `includeTasks` the tasks. */
  | {
      readonly t: 'restart';
      readonly name: string;
      readonly task?: number | undefined;
      readonly includeTasks: boolean;
      readonly onlyFailed: boolean;
    }
  /** From the planner's worker. `watches`: it stays to tell of changes outside. */
  | {
      readonly t: 'plan';
      readonly name: string;
      readonly configRevision: number;
      readonly tasks: readonly JsonObject[];
      readonly watches: boolean;
    };

/** What came of it. `created` of an apply; `changed` false where nothing had to be written. */
export interface CommandOutcome {
  readonly created: boolean;
  readonly changed: boolean;
  /** Of the last record written, in the configs topic: who forwarded the command reads up to it before it answers. */
  readonly offset?: number;
}

/** A change of offsets: of a source's partitions, or a sink's topic partitions. Undefined: all are reset. */
export type OffsetsChange = readonly { readonly partition: JsonObject; readonly offset: JsonValue }[] | undefined;
