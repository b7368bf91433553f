import { type Moldau, serdes } from '@moldau/client';
import { eventually } from '../run/progress.ts';

/** As its producer was told; `unknown`: it was not. */
export type Ending = 'committed' | 'aborted' | 'unknown';

/** Markers of a partition that had no leader come when it has one. */
const SEEN_TIMEOUT_MS = 60_000;

/**
 * How transactions have ended, held against what readers of committed records see: all of one that was committed, once; nothing of one
 * that was aborted; all or nothing where nobody knows. Record `k` of transaction `name` has the value `name:k`.
 */
export class TransactionLedger {
  readonly #endings = new Map<string, { readonly records: number; readonly ending: Ending }>();

  ended(name: string, records: number, ending: Ending): void {
    this.#endings.set(name, { records, ending });
  }

  count(ending: Ending): number {
    return [...this.#endings.values()].filter((each) => each.ending === ending).length;
  }

  /** Reads all committed records of the topic. @throws Error that says what is wrong, when it stays so */
  async verify(moldau: Moldau, topic: string): Promise<void> {
    let wrong: string | undefined = 'nothing was read';
    await eventually(
      async () => (wrong = this.#wrongIn(await committedValues(moldau, topic))) === undefined,
      () => `${topic}: ${wrong}`,
      SEEN_TIMEOUT_MS,
    );
  }

  #wrongIn(values: readonly string[]): string | undefined {
    const seen = new Map<string, number>();
    for (const value of values) {
      const name = value.slice(0, value.lastIndexOf(':'));
      if (!this.#endings.has(name)) return `record ${value} is of no transaction that has ended`;
      seen.set(name, (seen.get(name) ?? 0) + 1);
    }
    if (new Set(values).size < values.length) return `a record is there twice: ${values.length} records, ${new Set(values).size} different`;
    for (const [name, { records, ending }] of this.#endings) {
      const found = seen.get(name) ?? 0;
      const right = (found === records && ending !== 'aborted') || (found === 0 && ending !== 'committed');
      if (!right) return `transaction ${name}, ${ending}, has ${found} of ${records} records`;
    }
    return undefined;
  }
}

async function committedValues(moldau: Moldau, topic: string): Promise<readonly string[]> {
  const values: string[] = [];
  const assignment = [{ topic, from: 'earliest' as const }];
  await using reader = moldau.consumer({ assignment, isolation: 'read_committed', stopAtEnd: true, valueDeserializer: serdes.string });
  for await (const { value } of reader) values.push(value ?? '');
  return values;
}
