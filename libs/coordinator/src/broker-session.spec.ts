import { type BrokerId, brokerEpoch, type DirectoryId } from '@moldau/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BrokerSession, expiredSessions } from './broker-session.ts';

const LIMITS = { sessionTimeoutMs: 3_000, reconnectGraceMs: 500 };

function session(id: number, heardAtMs: number, brokenAtMs: number | undefined): BrokerSession {
  return {
    brokerId: id as BrokerId,
    brokerEpoch: brokerEpoch(1),
    directoryId: '' as DirectoryId,
    incarnationId: '',
    heardAtMs,
    lastHeartbeat: undefined,
    state: brokenAtMs === undefined ? { tag: 'inherited' } : { tag: 'broken', sinceMs: brokenAtMs },
  };
}

describe('sessions', () => {
  it('are over after a whole timeout of silence, or after the grace of a broken stream', () => {
    const sessions = [session(0, 0, undefined), session(1, 2_500, 2_500), session(2, 2_900, 2_900), session(3, 2_900, undefined)];
    expect(expiredSessions(sessions, { ...LIMITS, nowMs: 3_000, fencedEarly: 0 }).map(({ brokerId }) => brokerId)).toEqual([0]);
    const few = [session(1, 2_500, 2_500), session(2, 2_900, undefined), session(3, 2_900, undefined)];
    expect(expiredSessions(few, { ...LIMITS, nowMs: 3_000, fencedEarly: 0 }).map(({ brokerId }) => brokerId)).toEqual([1]);
    expect(expiredSessions(few, { ...LIMITS, nowMs: 3_000, fencedEarly: 1 })).toEqual([]);
  });

  it('never end early for more than a third of the brokers within one session, be it of one broker alone', () => {
    const broken = fc.record({ heardAtMs: fc.nat({ max: 6_000 }), brokenForMs: fc.option(fc.nat({ max: 3_000 }), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(broken, { minLength: 1, maxLength: 12 }), fc.nat({ max: 6 }), (states, fencedEarly) => {
        const nowMs = 6_000;
        const sessions = states.map(({ heardAtMs, brokenForMs }, id) =>
          session(id, heardAtMs, brokenForMs === undefined ? undefined : nowMs - brokenForMs),
        );
        const over = expiredSessions(sessions, { ...LIMITS, nowMs, fencedEarly });
        const early = over.filter(({ heardAtMs }) => nowMs - heardAtMs < LIMITS.sessionTimeoutMs);
        if (early.length > 0)
          expect(early.length + fencedEarly).toBeLessThanOrEqual(Math.max(1, Math.floor((sessions.length + fencedEarly) / 3)));
        for (const silent of sessions) if (nowMs - silent.heardAtMs >= LIMITS.sessionTimeoutMs) expect(over).toContain(silent);
      }),
    );
  });
});
