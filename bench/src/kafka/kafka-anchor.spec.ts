import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ScratchDirectory, scratchDirectory } from '@moldau/harness';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KafkaAnchor } from './kafka-anchor.ts';

/** Notes each call, and fails the calls that a file beside it counts down. */
const SCRIPT = `#!/bin/sh
cd "$(dirname "$0")"
echo "$1" >> calls
[ "$1" != up ] || echo "$2" > brokers
case "$1" in perf)
  left=$(cat failures)
  if [ "$left" -gt 0 ]; then echo $((left - 1)) > failures; echo "127.0.0.1:19091 is taken" >&2; exit 1; fi
  echo "produce: 1000000 records sent, 250000.5 records/sec (24 MB/sec)"
  echo "consume: 1000 records/sec, 1 MB/sec; 1500000.0 records/sec without the join" ;;
esac
`;

describe('KafkaAnchor', () => {
  let scratch: ScratchDirectory;
  let anchor: KafkaAnchor;
  let said: string[];

  beforeEach(() => {
    scratch = scratchDirectory('anchor');
    const path = join(scratch.path, 'kafka');
    writeFileSync(path, SCRIPT);
    chmodSync(path, 0o755);
    said = [];
    anchor = new KafkaAnchor(path, 1, (line) => said.push(line));
  });

  afterEach(() => scratch.remove());

  const failing = (times: number): void => writeFileSync(join(scratch.path, 'failures'), String(times));
  const calls = (): string => {
    const path = join(scratch.path, 'calls');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().replaceAll('\n', ' ') : '';
  };

  it('starts a broker for the first figure, and keeps it for the next', async () => {
    failing(0);
    expect(calls()).toBe('');
    expect(await anchor.perf(1000, 100, 6)).toEqual({ produce: 250_000.5, consume: 1_500_000 });
    await anchor.perf(1000, 100, 6);
    await anchor.stop();
    expect(calls()).toBe('down up perf perf down');
  });

  it('starts three brokers for what is compared with a cluster', async () => {
    failing(0);
    const three = new KafkaAnchor(join(scratch.path, 'kafka'), 3, (line) => said.push(line));
    await three.perf(1000, 100, 6);
    await three.stop();
    expect(readFileSync(join(scratch.path, 'brokers'), 'utf8')).toBe('3\n');
  });

  it('tries a call that fails once more, against another broker', async () => {
    failing(1);
    expect(await anchor.perf(1000, 100, 6)).toEqual({ produce: 250_000.5, consume: 1_500_000 });
    expect(calls()).toBe('down up perf down up perf');
    expect(said.join()).toContain('19091 is taken');
  });

  it('answers with no figure after two failures, and goes on with the next call', async () => {
    failing(2);
    expect(await anchor.perf(1000, 100, 6)).toBeUndefined();
    expect(await anchor.perf(1000, 100, 6)).toBeDefined();
    expect(calls()).toBe('down up perf down up perf down up perf');
  });

  it('has no figure when there is no such script', async () => {
    const absent = new KafkaAnchor(join(scratch.path, 'absent'), 1, (line) => said.push(line));
    expect(await absent.latency(1000, 100)).toBeUndefined();
    await absent.stop();
    expect(said.join()).toContain('status 127');
  });
});
