const WHOLE_FROM = 1000;
const DIGITS = 3;

/** A number for people: whole from a thousand on, else three digits; a dash for none. */
export function numberText(value: number | undefined): string {
  if (value === undefined) return '–';
  if (Math.abs(value) >= WHOLE_FROM) return Math.round(value).toLocaleString('en');
  return value.toLocaleString('en', { maximumSignificantDigits: DIGITS });
}
