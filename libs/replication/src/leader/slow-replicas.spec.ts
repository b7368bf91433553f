import { type BrokerId } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';

import { at, EVERYONE, leader, lives, ONE, own, proposed, REPLICAS, THREE, TWO } from '../testing/replica-set-fixture.ts';

describe('a leader whose own flushes come last', () => {
  it('holds back what all others have flushed, for as long as its end has not reached it', () => {
    const set = leader(REPLICAS);
    for (const id of [TWO, THREE]) set.followed(id, lives(id), at(10), 0);
    set.own(own(15, 10), 0);
    for (const id of [TWO, THREE]) set.followed(id, lives(id), at(15), 10);
    expect(set.heldBackMs(100)).toBe(0);
    expect(set.heldBackMs(400)).toBe(300);
    // The others go on; what waited first is what counts.
    set.own(own(20, 10), 410);
    for (const id of [TWO, THREE]) set.followed(id, lives(id), at(20), 420);
    expect(set.heldBackMs(500)).toBe(400);
    set.own(own(20, 15), 510);
    expect(set.heldBackMs(600)).toBe(0);
    expect(set.heldBackMs(700)).toBe(100);
    set.own(own(20, 20), 710);
    expect(set.heldBackMs(800)).toBe(0);
  });

  it.each([
    ['another lags too', leader(REPLICAS), [TWO]],
    ['the others would be too few', leader([ONE, TWO]), [TWO, THREE]],
    ['written ends count', leader(REPLICAS, { flush: 'async' }), [TWO, THREE]],
  ] as const)('holds nothing back where %s', (_, set, ahead) => {
    set.own(own(15, 10), 0);
    for (const id of ahead) set.followed(id, lives(id), at(15), 10);
    set.heldBackMs(100);
    expect(set.heldBackMs(900)).toBe(0);
  });

  it('takes no follower with a slow disk into an ISR that is large enough without it', () => {
    const slow = (id: BrokerId): boolean => id === THREE;
    const set = leader([ONE, TWO]);
    set.followed(THREE, lives(THREE), at(10), 0);
    set.followed(TWO, lives(TWO), at(10), 0);
    expect(proposed(set, 0, { ...EVERYONE, slow })).toBeUndefined();
    const small = leader([ONE]);
    small.followed(THREE, lives(THREE), at(10), 0);
    expect(proposed(small, 0, { ...EVERYONE, slow })).toEqual([ONE, THREE]);
  });
});
