import { DataError } from '../data/data-error.ts';
import { type CivilTime, civilOf, DAY_MS, daysOf, epochMsOf, monthLength } from './civil-time.ts';

/** Longest pattern in characters. */
const PATTERN_LENGTH_MAX = 200;
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MINUTE_MS = 60_000;

/** Texts of times by a pattern of Java's `SimpleDateFormat`, in UTC, with English names. */
export interface DatePattern {
  format(epochMs: number): string;
  /** @throws DataError if the text is not by the pattern, or is no date */
  parse(text: string): number;
}

type Token = { readonly literal: string } | { readonly letter: Letter; readonly width: number };
type Letter = keyof typeof LETTERS;
type Moment = CivilTime & { readonly epochMs: number };

/** What was read so far. `offsetMinutes` east of UTC. */
interface Draft {
  year: number;
  month: number;
  day: number;
  dayOfYear: number | undefined;
  hour: number;
  afternoon: boolean | undefined;
  minute: number;
  second: number;
  millisecond: number;
  offsetMinutes: number;
}

interface Field {
  show(time: Moment, width: number): string;
  /** A regular expression of the texts that `read` takes. */
  accepts(width: number): string;
  read(draft: Draft, text: string): void;
}

function digits(show: (time: Moment) => number, read: (draft: Draft, value: number) => void): Field {
  return {
    show: (time, width) => String(show(time)).padStart(width, '0'),
    accepts: () => '\\d+',
    read: (draft, text) => read(draft, Number(text)),
  };
}

function words(names: readonly string[], show: (time: Moment) => number, read: (draft: Draft, index: number) => void): Field {
  return {
    show: (time, width) => (names[show(time)] ?? '').slice(0, width >= 4 ? undefined : 3),
    accepts: () => '[A-Za-z]+',
    read: (draft, text) => {
      const wanted = text.toLowerCase();
      const index = names.findIndex((name) => name.toLowerCase() === wanted || name.slice(0, 3).toLowerCase() === wanted);
      if (index < 0) throw new DataError(`"${text}" is none of ${names.join(', ')}`);
      read(draft, index);
    },
  };
}

const zone: Field = {
  show: () => '+0000',
  accepts: () => 'Z|UTC|GMT|[+-]\\d{2}:?\\d{2}|[+-]\\d{2}',
  read: (draft, text) => {
    const [, sign, hours, minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(text) ?? [];
    if (hours !== undefined) draft.offsetMinutes = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  },
};

const monthDigits = digits(
  ({ month }) => month,
  (draft, value) => void (draft.month = value),
);
const monthWords = words(
  MONTHS,
  ({ month }) => month - 1,
  (draft, index) => void (draft.month = index + 1),
);

const LETTERS = {
  y: {
    show: ({ year }, width) => (width === 2 ? String(year % 100).padStart(2, '0') : String(year).padStart(width, '0')),
    accepts: (width) => (width === 2 ? '\\d{2}' : '\\d+'),
    read: (draft, text) => {
      // Two digits are a year of 1970 … 2069; Java's window moves with its clock.
      const value = Number(text);
      draft.year = text.length === 2 ? value + (value < 70 ? 2000 : 1900) : value;
    },
  },
  M: {
    show: (time, width) => (width >= 3 ? monthWords : monthDigits).show(time, width),
    accepts: (width) => (width >= 3 ? monthWords : monthDigits).accepts(width),
    read: (draft, text) => (/\d/.test(text) ? monthDigits : monthWords).read(draft, text),
  },
  d: digits(
    ({ day }) => day,
    (draft, value) => void (draft.day = value),
  ),
  D: digits(
    ({ year, month, day }) => daysOf(year, month, day) - daysOf(year, 1, 1) + 1,
    (draft, value) => void (draft.dayOfYear = value),
  ),
  E: words(
    WEEKDAYS,
    ({ epochMs }) => (((Math.floor(epochMs / DAY_MS) + 4) % 7) + 7) % 7,
    () => undefined,
  ),
  H: digits(
    ({ hour }) => hour,
    (draft, value) => void (draft.hour = value),
  ),
  k: digits(
    ({ hour }) => hour || 24,
    (draft, value) => void (draft.hour = value === 24 ? 0 : value),
  ),
  h: digits(
    ({ hour }) => hour % 12 || 12,
    (draft, value) => void (draft.hour = value === 12 ? 0 : value),
  ),
  K: digits(
    ({ hour }) => hour % 12,
    (draft, value) => void (draft.hour = value),
  ),
  m: digits(
    ({ minute }) => minute,
    (draft, value) => void (draft.minute = value),
  ),
  s: digits(
    ({ second }) => second,
    (draft, value) => void (draft.second = value),
  ),
  S: digits(
    ({ millisecond }) => millisecond,
    (draft, value) => void (draft.millisecond = value),
  ),
  a: {
    show: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
    accepts: () => '[AaPp][Mm]',
    read: (draft, text) => void (draft.afternoon = text.toLowerCase() === 'pm'),
  },
  Z: zone,
  z: { ...zone, show: () => 'UTC' },
  X: { ...zone, show: () => 'Z' },
} as const satisfies Readonly<Record<string, Field>>;

/** @throws DataError if a letter has no meaning here: G, L, w, W, F, u, Y need a locale's calendar */
export function compileDatePattern(pattern: string): DatePattern {
  if (pattern.length === 0 || pattern.length > PATTERN_LENGTH_MAX) {
    throw new DataError(`a date pattern of ${pattern.length} characters; 1 … ${PATTERN_LENGTH_MAX} are allowed`);
  }
  const tokens = tokensOf(pattern);
  const fields = tokens.flatMap((token) => ('letter' in token ? [LETTERS[token.letter] as Field] : []));
  const expression = new RegExp(`^${tokens.map((token, index) => expressionOf(token, tokens[index + 1])).join('')}$`);
  return {
    format: (epochMs) => {
      const moment = { ...civilOf(epochMs), epochMs };
      return tokens
        .map((token) => ('literal' in token ? token.literal : (LETTERS[token.letter] as Field).show(moment, token.width)))
        .join('');
    },
    parse: (text) => {
      const [, ...parts] = expression.exec(text) ?? [];
      if (parts.length === 0 || parts.length !== fields.length)
        throw new DataError(`"${text.slice(0, 100)}" is not a time by the pattern ${pattern}`);
      const draft = emptyDraft();
      for (const [index, field] of fields.entries()) field.read(draft, parts[index] ?? '');
      return finish(draft, text);
    },
  };
}

function tokensOf(pattern: string): readonly Token[] {
  const parts = pattern.match(/'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+|'/g) ?? [];
  return parts.map((part): Token => {
    if (part === "'") throw new DataError(`an unclosed quote in the date pattern ${pattern}`);
    if (part === "''") return { literal: "'" };
    if (part.startsWith("'")) return { literal: part.slice(1, -1).replaceAll("''", "'") };
    const letter = part.charAt(0);
    if (!/[A-Za-z]/.test(letter)) return { literal: part };
    if (!Object.hasOwn(LETTERS, letter)) throw new DataError(`the letter ${letter} of the date pattern ${pattern} is not supported`);
    return { letter: letter as Letter, width: part.length };
  });
}

/** Digits that stand right before other digits have exactly the width of their letters, as in `yyyyMMdd`. */
function expressionOf(token: Token, next: Token | undefined): string {
  if ('literal' in token) return token.literal.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  const accepts = (LETTERS[token.letter] as Field).accepts(token.width);
  const isFixed =
    accepts === '\\d+' && next !== undefined && 'letter' in next && (LETTERS[next.letter] as Field).accepts(next.width).startsWith('\\d');
  return `(${isFixed ? `\\d{${token.width}}` : accepts.replace('\\d+', '\\d{1,9}').replace('[A-Za-z]+', '[A-Za-z]{1,20}')})`;
}

function emptyDraft(): Draft {
  return {
    year: 1970,
    month: 1,
    day: 1,
    dayOfYear: undefined,
    hour: 0,
    afternoon: undefined,
    minute: 0,
    second: 0,
    millisecond: 0,
    offsetMinutes: 0,
  };
}

/** Strict where Java is lenient: the 31st of February is an error, not the 3rd of March. */
function finish(draft: Draft, text: string): number {
  const hour = draft.afternoon === true && draft.hour < 12 ? draft.hour + 12 : draft.hour;
  const isTime = hour < 24 && draft.minute < 60 && draft.second < 60 && draft.millisecond < 1000;
  const isMonth = draft.month >= 1 && draft.month <= 12;
  const isDay = isMonth && draft.day >= 1 && draft.day <= monthLength(draft.year, draft.month);
  if (!isTime || !isDay || (draft.dayOfYear ?? 1) > 366 || draft.year > 9999)
    throw new DataError(`"${text.slice(0, 100)}" is no date or time that exists`);
  const date = draft.dayOfYear === undefined ? { month: draft.month, day: draft.day } : { month: 1, day: draft.dayOfYear };
  return epochMsOf({ ...draft, ...date, hour }) - draft.offsetMinutes * MINUTE_MS;
}
