import { appendFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectRig } from '../../fixture/connect-rig.ts';
import { readTopic } from '../../fixture/read-topic.ts';
import { differences } from '../compare.ts';
import type { KillRun, KillSubject } from '../kill-subject.ts';

const PAUSE_MS = 20;
const LINES_AT_ONCE = 40;

/** Lines are added to a file all the while; the topic has to have them all, once each and in order. */
export const fileSource: KillSubject = {
  name: 'file-source',
  title: 'FileSource, exactly once: a topic of one partition is the file, line by line',
  open: (rig) =>
    Promise.resolve({ prepare: (name) => Promise.resolve(prepare(rig, name)), [Symbol.asyncDispose]: () => Promise.resolve() }),
};

function prepare(rig: ConnectRig, name: string): KillRun {
  const file = `${rig.scratch.path}/${name}.log`;
  const lines: string[] = [];
  writeFileSync(file, '');
  const config = {
    'connector.class': 'FileSource',
    file,
    topic: name,
    'topic.creation.default.partitions': '1',
    'scan.interval.ms': '500',
  };
  return {
    connectors: [{ name, config: { ...config, 'exactly.once.support': 'required' } }],
    async feed(signal): Promise<number> {
      while (!signal.aborted) {
        const more = Array.from({ length: LINES_AT_ONCE }, (_none, index) => `${name} line ${lines.length + index}`);
        appendFileSync(file, `${more.join('\n')}\n`);
        lines.push(...more);
        await sleep(PAUSE_MS);
      }
      return lines.length;
    },
    async findings(): Promise<readonly string[]> {
      const records = await readTopic(rig.moldau, name);
      return differences(
        lines,
        records.map(({ value }) => value ?? ''),
        true,
      );
    },
  };
}
