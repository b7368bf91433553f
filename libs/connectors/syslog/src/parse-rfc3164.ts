import { NO_PRIORITY, priorityOf } from './priority.ts';
import type { SyslogMessage } from './syslog-message.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** PRI, TIMESTAMP (`Oct  1 22:14:15`), HOSTNAME, then what is left. */
const MESSAGE = /^<(\d{1,3})>([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) ([!-~]{1,255}) ([^]*)$/;
/** TAG with an optional `[pid]`, before a colon. RFC 3164 bounds it at 32 characters; programs don't. */
const TAG = /^([\w./@-]{1,128})(?:\[([^\]\s]{1,128})\])?: ?/;
const PRIORITY_ONLY = /^<(\d{1,3})>/;
const MINUTE_MS = 60_000;

export interface Rfc3164Options {
  /** Now, for the year, which the message does not have. */
  readonly nowMs: number;
  /** East of UTC. */
  readonly zoneMinutes: number;
}

/** A message of RFC 3164; undefined if the text is none. */
export function parseRfc3164(text: string, options: Rfc3164Options): SyslogMessage | undefined {
  const [whole, pri = '', month = '', day = '', hour = '', minute = '', second = '', hostname = '', rest = ''] = MESSAGE.exec(text) ?? [];
  const priority = priorityOf(pri);
  if (whole === undefined || priority === undefined) return undefined;
  const timestampMs = timeOf(
    { month: MONTHS.indexOf(month), day: Number(day), time: [Number(hour), Number(minute), Number(second)] },
    options,
  );
  if (timestampMs === undefined) return undefined;
  const [tag = '', appName, procId] = TAG.exec(rest) ?? [];
  return {
    format: 'rfc3164',
    ...priority,
    timestampMs,
    hostname,
    appName,
    procId,
    msgId: undefined,
    structuredData: undefined,
    message: rest.slice(tag.length),
  };
}

/** A message that is nothing known: kept whole, behind its PRI if it has one. */
export function unknownMessage(text: string): SyslogMessage {
  const [prefix = '', pri = ''] = PRIORITY_ONLY.exec(text) ?? [];
  const priority = priorityOf(pri);
  return {
    format: 'none',
    ...(priority ?? NO_PRIORITY),
    timestampMs: undefined,
    hostname: undefined,
    appName: undefined,
    procId: undefined,
    msgId: undefined,
    structuredData: undefined,
    message: priority === undefined ? text : text.slice(prefix.length),
  };
}

interface YearlessTime {
  /** From 0; −1 if it is none. */
  readonly month: number;
  readonly day: number;
  readonly time: readonly [hour: number, minute: number, second: number];
}

/** The time in the year that brings it closest to now. */
function timeOf({ month, day, time: [hour, minute, second] }: YearlessTime, { nowMs, zoneMinutes }: Rfc3164Options): number | undefined {
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const year = new Date(nowMs).getUTCFullYear();
  const times = [year - 1, year, year + 1].flatMap((candidate) => {
    const date = new Date(Date.UTC(candidate, month, day, hour, minute, second));
    // The 29th of February is in some of the years only.
    return date.getUTCMonth() === month || second === 60 ? [date.getTime() - zoneMinutes * MINUTE_MS] : [];
  });
  return times.sort((one, other) => Math.abs(one - nowMs) - Math.abs(other - nowMs))[0];
}
