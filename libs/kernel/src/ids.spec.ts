import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  advance,
  brokerEpoch,
  brokerId,
  clusterId,
  controllerEpoch,
  coordinatorId,
  directoryId,
  FIRST_OFFSET,
  isUuid,
  leaderEpoch,
  metadataVersion,
  offset,
  partitionEpoch,
  partitionIndex,
  producerEpoch,
  producerId,
  topicId,
} from './ids.ts';

const INT16_MAX = 32_767;
const INT32_MAX = 2_147_483_647;
const SAFE_MAX = Number.MAX_SAFE_INTEGER;

describe('numeric ids', () => {
  const makers: readonly (readonly [name: string, make: (value: number) => number, max: number])[] = [
    ['offset', offset, SAFE_MAX],
    ['controllerEpoch', controllerEpoch, SAFE_MAX],
    ['brokerEpoch', brokerEpoch, SAFE_MAX],
    ['metadataVersion', metadataVersion, SAFE_MAX],
    ['producerId', producerId, SAFE_MAX],
    ['partitionIndex', partitionIndex, INT32_MAX],
    ['brokerId', brokerId, INT32_MAX],
    ['leaderEpoch', leaderEpoch, INT32_MAX],
    ['partitionEpoch', partitionEpoch, INT32_MAX],
    ['producerEpoch', producerEpoch, INT16_MAX],
  ];

  it.each(makers)('%s takes every integer from 0 to its maximum', (_name, make, max) => {
    fc.assert(fc.property(fc.integer({ min: 0, max }), (value) => make(value) === value));
    expect([make(0), make(max)]).toEqual([0, max]);
  });

  it.each(makers)('%s refuses what is negative, fractional, too large or no number', (_name, make, max) => {
    for (const value of [-1, 0.5, max + 1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => make(value)).toThrow(/≥ 0/);
  });
});

describe('advance', () => {
  it('adds a count to an offset', () => {
    expect(advance(FIRST_OFFSET, 5)).toBe(5);
    expect(advance(offset(7), -7)).toBe(FIRST_OFFSET);
  });

  it('refuses to leave the range of offsets', () => {
    expect(() => advance(FIRST_OFFSET, -1)).toThrow(/offset/);
    expect(() => advance(offset(SAFE_MAX), 1)).toThrow(/offset/);
  });
});

describe('ids that are UUIDs', () => {
  const makers: readonly (readonly [name: string, make: (value: string) => string])[] = [
    ['topicId', topicId],
    ['clusterId', clusterId],
    ['directoryId', directoryId],
  ];

  it.each(makers)('%s takes every UUID in lower case', (_name, make) => {
    fc.assert(fc.property(fc.uuid(), (value) => make(value) === value && isUuid(value)));
  });

  it.each(makers)('%s refuses anything else', (_name, make) => {
    for (const value of [
      '',
      'orders',
      'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
      '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}',
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\n',
    ]) {
      expect(() => make(value)).toThrow(/UUID/);
      expect(isUuid(value)).toBe(false);
    }
  });
});

describe('coordinatorId', () => {
  it('takes any name but an empty one', () => {
    expect(coordinatorId('coordinator-0')).toBe('coordinator-0');
    expect(() => coordinatorId('')).toThrow(/not empty/);
  });
});
