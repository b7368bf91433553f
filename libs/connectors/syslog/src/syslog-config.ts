import { type ConfigOf, declareConfig, field } from '@moldau/connect';

const LISTENING = 'Listening';
const RECORDS = 'Records';
const LIMITS = 'Limits';

const fields = {
  protocols: field.list({
    doc: 'What is listened to, at the same port.',
    of: ['udp', 'tcp'],
    min: 1,
    default: ['udp', 'tcp'],
    importance: 'high',
    group: LISTENING,
  }),
  host: field.string({
    doc: 'Address to listen at. `0.0.0.0`: every one of the machine.',
    default: '127.0.0.1',
    importance: 'high',
    group: LISTENING,
  }),
  port: field.integer({
    doc: 'Port to listen at. 0: any that is free, which the status shows.',
    default: 5514,
    min: 0,
    max: 65_535,
    importance: 'high',
    group: LISTENING,
  }),
  'tcp.framing': field.choice(['auto', 'octet-counting', 'newline'], {
    doc: 'Where a message ends in a TCP stream (RFC 6587): after so many bytes as stand before it, at a newline, or whichever each message looks like.',
    default: 'auto',
    group: LISTENING,
  }),
  topic: field.string({ doc: 'Topic that the messages are written to.', maxLength: 249, importance: 'high', group: RECORDS }),
  format: field.choice(['auto', 'rfc5424', 'rfc3164'], {
    doc: 'How messages are read. One that is otherwise is kept as it is, with `format` `none`.',
    default: 'auto',
    group: RECORDS,
  }),
  'value.type': field.choice(['struct', 'text', 'bytes'], {
    doc: 'The fields of the message, or the whole message as it came.',
    default: 'struct',
    group: RECORDS,
  }),
  'key.source': field.choice(['none', 'hostname', 'address'], {
    doc: 'The key: none, the name that the message gives, or the address that it came from. A key keeps the messages of one sender in one partition.',
    default: 'none',
    group: RECORDS,
  }),
  'timestamp.source': field.choice(['message', 'received'], {
    doc: "The record's time: the message's, where it has one, or when it came.",
    default: 'message',
    group: RECORDS,
  }),
  'rfc3164.zone.minutes': field.integer({
    doc: 'Minutes east of UTC of the times in messages of RFC 3164, which have neither zone nor year. The year is the one that brings them closest to now.',
    default: 0,
    min: -840,
    max: 840,
    group: RECORDS,
  }),
  'message.max.bytes': field.size({
    doc: 'The rest of a longer message is cut off and counted.',
    default: 65_536,
    min: 480,
    max: 1_048_576,
    group: LIMITS,
  }),
  'queue.max.records': field.integer({ doc: 'Messages that wait to be written.', default: 50_000, min: 1, max: 10_000_000, group: LIMITS }),
  'queue.max.bytes': field.size({
    doc: 'Bytes of messages that wait.',
    default: 33_554_432,
    min: 65_536,
    max: 1_073_741_824,
    group: LIMITS,
  }),
  'udp.overflow': field.choice(['drop-newest', 'drop-oldest'], {
    doc: 'What happens to a datagram when the queue is full. A TCP sender is not read from until there is room.',
    default: 'drop-newest',
    group: LIMITS,
  }),
  'udp.receive.buffer.bytes': field.size({
    doc: "The system's buffer for datagrams that wait to be read; the system may bound it. 0: its default.",
    default: 4_194_304,
    min: 0,
    max: 268_435_456,
    importance: 'low',
    group: LIMITS,
  }),
  'tcp.connections.max': field.integer({
    doc: 'Open connections; more are closed at once.',
    default: 1_000,
    min: 1,
    max: 100_000,
    group: LIMITS,
  }),
  'tcp.idle.timeout.ms': field.duration({
    doc: 'A connection that says nothing for so long is closed. 0: never.',
    default: 0,
    max: 86_400_000,
    importance: 'low',
    group: LIMITS,
  }),
} as const;

/** Settings of the syslog source. */
export const syslogConfig = declareConfig(fields);

export type SyslogConfig = ConfigOf<typeof fields>;
