const PREFIX = 'topic/';
const FORMAT_VERSION = 1;

/** A topic that a connector reads or writes, as the status topic keeps it. Neither names of connectors nor of topics have a slash. */
export function topicKey(connector: string, topic: string): string {
  return `${PREFIX}${connector}/${topic}`;
}

export function encodeActiveTopic(connector: string, task: number, discoveredMs: number): string {
  return JSON.stringify({ version: FORMAT_VERSION, connector, task, discoveredMs });
}

/** Which topics connectors use (KIP-558): those that records went through since the connector was made, or they were reset. */
export class ActiveTopics {
  readonly #topics = new Map<string, Set<string>>();

  apply(key: string, value: string | null): void {
    if (!key.startsWith(PREFIX)) return;
    const [connector = '', topic = ''] = key.slice(PREFIX.length).split('/');
    const known = this.#topics.get(connector);
    if (value === null) known?.delete(topic);
    else if (known === undefined) this.#topics.set(connector, new Set([topic]));
    else known.add(topic);
  }

  has(connector: string, topic: string): boolean {
    return this.#topics.get(connector)?.has(topic) === true;
  }

  of(connector: string): readonly string[] {
    return [...(this.#topics.get(connector) ?? [])].sort();
  }

  /** Connectors that have some. */
  get connectors(): readonly string[] {
    return [...this.#topics].filter(([, topics]) => topics.size > 0).map(([connector]) => connector);
  }
}
