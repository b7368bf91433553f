import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import { advertisedAddress, formatAddress } from './advertised-address.ts';

it('a listener is advertised as the settings say, else where it listens, else by the name of the machine', () => {
  const nothing = { advertisedHost: undefined, advertisedPort: undefined };
  expect(advertisedAddress({ host: '10.0.0.1', port: 9092, ...nothing })).toEqual({ host: '10.0.0.1', port: 9092 });
  expect(advertisedAddress({ host: '0.0.0.0', port: 9092, ...nothing })).toEqual({ host: hostname(), port: 9092 });
  expect(advertisedAddress({ host: '::', port: 9092, advertisedHost: 'b1.example', advertisedPort: 1 })).toEqual({
    host: 'b1.example',
    port: 1,
  });
});

it('an address is written with brackets where it needs them', () => {
  expect(formatAddress({ host: 'localhost', port: 1 })).toBe('localhost:1');
  expect(formatAddress({ host: '::1', port: 1 })).toBe('[::1]:1');
});
