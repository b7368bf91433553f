import { checkGraph } from './check-graph.ts';
import { describeTopology } from './describe-topology.ts';
import { drawTopology } from './draw-topology.ts';
import type { CoPartition, GraphBuilder, RepartitionTopic } from './graph-builder.ts';
import type { GlobalSource } from './operator.ts';
import { type SubTopology, splitSubTopologies } from './sub-topologies.ts';

export interface BuildOptions {
  /** Refuse made-up names of stores and repartition topics, which change when operators are added; default false. */
  readonly explicitNames?: boolean;
  /** Allow results that come back to the topic that they were made from; default false. */
  readonly allowTopicCycles?: boolean;
}

/** What an application does, checked and split into the parts that run apart. Holds no state: many tasks run from one. */
export class Topology {
  readonly subTopologies: readonly SubTopology[];
  readonly globals: readonly GlobalSource[];
  readonly repartitions: readonly RepartitionTopic[];
  readonly coPartitions: readonly CoPartition[];

  /** @internal */
  constructor(graph: GraphBuilder, { explicitNames = false, allowTopicCycles = false }: BuildOptions) {
    const sorted = checkGraph(graph, { explicitNames, allowTopicCycles });
    this.subTopologies = splitSubTopologies(sorted, graph.stores);
    this.globals = [...graph.globals];
    this.repartitions = [...graph.repartitions.values()];
    this.coPartitions = [...graph.coPartitions];
  }

  /** As text, one operator a line. */
  describe(): string {
    return describeTopology(this);
  }

  /** As a Mermaid flowchart. */
  toMermaid(): string {
    return drawTopology(this);
  }
}
