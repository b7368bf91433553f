import { priorityOf } from './priority.ts';
import type { StructuredData, SyslogMessage } from './syslog-message.ts';

/** VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP, behind the PRI. */
const HEADER =
  /^<(\d{1,3})>[1-9]\d{0,2} (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) /;
const NIL = '-';
/** SD-NAME: no space, quote, `=` or `]`. */
const NAME = /[!#-<>-\\^-~]{1,32}/y;
/** PARAM-VALUE: a quote, backslash or bracket has a backslash before it. */
const VALUE = /"((?:[^"\\\]]|\\[^])*)"/y;
/** Elements and parameters of one message; its bytes bound them too. */
const ELEMENTS_MAX = 1000;

/** A message of RFC 5424; undefined if the text is none. */
export function parseRfc5424(text: string): SyslogMessage | undefined {
  const [header, pri = '', time = '', hostname = '', appName = '', procId = '', msgId = ''] = HEADER.exec(text) ?? [];
  const priority = priorityOf(pri);
  if (header === undefined || priority === undefined) return undefined;
  const timestampMs = time === NIL ? undefined : Date.parse(time);
  if (Number.isNaN(timestampMs)) return undefined;
  const data = readStructuredData(text, header.length);
  if (data === undefined) return undefined;
  const rest = text.slice(data.next);
  if (rest !== '' && !rest.startsWith(' ')) return undefined;
  return {
    format: 'rfc5424',
    ...priority,
    timestampMs,
    hostname: present(hostname),
    appName: present(appName),
    procId: present(procId),
    msgId: present(msgId),
    structuredData: data.elements,
    // A byte order mark says that the text is UTF-8, and is not of the text.
    message: rest.slice(1).replace(/^\uFEFF/, ''),
  };
}

function present(field: string): string | undefined {
  return field === NIL ? undefined : field;
}

interface ReadData {
  readonly elements: StructuredData | undefined;
  readonly next: number;
}

/** `-`, or elements `[id name="value" …]` without spaces between them. */
function readStructuredData(text: string, from: number): ReadData | undefined {
  if (text[from] === NIL) return { elements: undefined, next: from + 1 };
  const elements = new Map<string, ReadonlyMap<string, string>>();
  let at = from;
  while (text[at] === '[' && elements.size < ELEMENTS_MAX) {
    const element = readElement(text, at + 1);
    if (element === undefined) return undefined;
    elements.set(element.id, element.parameters);
    at = element.next;
  }
  return elements.size === 0 ? undefined : { elements, next: at };
}

interface ReadElement {
  readonly id: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly next: number;
}

function readElement(text: string, from: number): ReadElement | undefined {
  const id = match(NAME, text, from);
  if (id === undefined) return undefined;
  const parameters = new Map<string, string>();
  let at = from + id[0].length;
  while (text[at] === ' ' && parameters.size < ELEMENTS_MAX) {
    const name = match(NAME, text, at + 1);
    const equals = at + 1 + (name?.[0].length ?? 0);
    const value = text[equals] === '=' ? match(VALUE, text, equals + 1) : undefined;
    if (name === undefined || value === undefined) return undefined;
    parameters.set(name[0], (value[1] ?? '').replaceAll(/\\(["\\\]])/g, '$1'));
    at = equals + 1 + value[0].length;
  }
  return text[at] === ']' ? { id: id[0], parameters, next: at + 1 } : undefined;
}

function match(expression: RegExp, text: string, at: number): RegExpExecArray | undefined {
  expression.lastIndex = at;
  return expression.exec(text) ?? undefined;
}
