import { describe, expect, it } from 'vitest';
import { readyMessage } from './ready-message.ts';
import type { StandaloneInfo } from './start-standalone.ts';

const INFO: StandaloneInfo = {
  address: 'localhost:9092',
  listenAddress: '127.0.0.1:9092',
  adminAddress: '127.0.0.1:9094',
  clusterId: '11111111-1111-4111-8111-111111111111',
  brokerId: 1,
  dataDir: '/data',
  startupMs: 900,
};

describe('the line that tells of readiness', () => {
  it('is for people one line with the addresses, the data, and that there is one replica', () => {
    const line = readyMessage(INFO, 'table');
    expect(line.indexOf('\n')).toBe(line.length - 1);
    for (const part of ['localhost:9092', 'http://127.0.0.1:9094', '/data', 'replication.factor 1', 'min.insync.replicas 1']) {
      expect(line).toContain(part);
    }
  });

  it('is for programs one JSON object on one line', () => {
    const line = readyMessage(INFO, 'json');
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual(INFO);
  });
});
