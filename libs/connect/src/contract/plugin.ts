import type { SinkDefinition } from './sink.ts';
import type { SourceDefinition } from './source.ts';

export type ConnectorDefinition = SourceDefinition | SinkDefinition;

/** What a package of connectors exports under the name `plugin`. */
export interface ConnectorPlugin {
  readonly name: string;
  readonly definitions: readonly ConnectorDefinition[];
}
