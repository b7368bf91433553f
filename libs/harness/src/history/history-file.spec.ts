import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchDirectory } from '../scratch-directory.ts';
import { checkHistoryFile, readHistory, writeHistory } from './history-file.ts';
import type { Op } from './op.ts';
import { createRecorder } from './op-recorder.ts';
import { uniqueValue } from './unique-value.ts';

const SIZE = 60;

describe('a history in a file', () => {
  it('is checked as it was recorded, values and altered bytes too', async () => {
    using scratch = scratchDirectory('history');
    const path = join(scratch.path, 'history.jsonl');
    const file = writeHistory(path);
    let now = 100;
    const recorder = createRecorder({ record: (op) => file.write(op), now: () => now++ });
    for (let sequence = 0; sequence < 3; sequence++) {
      const identity = { producer: 'p', sequence };
      recorder.begin(identity, 0, SIZE);
      recorder.settle(identity, { kind: 'ok', offset: sequence });
    }
    recorder.assigned('c', { partitions: [0], from: 'beginning', final: true });
    const value = uniqueValue({ producer: 'p', sequence: 1 }, SIZE);
    value[SIZE - 1] = (value[SIZE - 1] ?? 0) ^ 1;
    recorder.polled('c', [
      { partition: 0, offset: 0, value: uniqueValue({ producer: 'p', sequence: 0 }, SIZE) },
      { partition: 0, offset: 1, value },
      { partition: 0, offset: 2, value: null },
    ]);
    // All before what is done to the cluster is in the file at once.
    recorder.nemesis('kill', 'begin', ['broker-1']);
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(10);
    file.close();
    const verdict = await checkHistoryFile(path);
    expect(verdict.anomalies.map(({ name }) => name)).toEqual(['altered', 'phantom', 'inconsistent-offsets', 'lost-write']);
    expect([recorder.count('begun'), recorder.count('ok'), recorder.count('polled')]).toEqual([3, 3, 3]);
  });

  it('whose writer died in the middle of a line is read up to there; any other line must be an op', async () => {
    using scratch = scratchDirectory('history');
    const path = join(scratch.path, 'history.jsonl');
    using file = writeHistory(path);
    file.write({ time: 0, process: 'c', f: 'assign', type: 'ok', keys: ['a'], from: 'kept' });
    file.close();
    appendFileSync(path, '{"time":1,"proc');
    expect(await all(path)).toHaveLength(1);
    appendFileSync(path, '\n{"time":1}\n{"time":2}\n');
    await expect(all(path)).rejects.toThrow('line 2 of the history is not JSON');
    writeFileSync(path, '{"time":1,"process":"p","f":"send","type":"ok","value":[["send","k",1.5,0]]}\n{}\n');
    await expect(all(path)).rejects.toThrow('line 1 of the history is no op');
  });
});

async function all(path: string): Promise<readonly Op[]> {
  const ops: Op[] = [];
  for await (const op of readHistory(path)) ops.push(op);
  return ops;
}
