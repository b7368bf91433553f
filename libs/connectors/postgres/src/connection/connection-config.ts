import { field, type Secret } from '@moldau/connect';

const CONNECTION = 'Connection';

/** Settings of both directions that say where the database is. */
export const connectionFields = {
  'connection.url': field.string({
    doc: 'Address of the database: `postgres://host:5432/database`, also with `jdbc:` before it. Keep the password out of it.',
    check: checkUrl,
    limits: 'postgres://host:port/database',
    importance: 'high',
    group: CONNECTION,
  }),
  'connection.user': field.string({ doc: 'User of the database.', optional: true, importance: 'high', group: CONNECTION }),
  'connection.password': field.password({ doc: 'Password of the user.', optional: true, importance: 'high', group: CONNECTION }),
  'connection.timeout.ms': field.duration({
    doc: 'How long a new connection may take.',
    default: 10_000,
    min: 100,
    max: 600_000,
    importance: 'low',
    group: CONNECTION,
  }),
  'statement.timeout.ms': field.duration({
    doc: 'A statement that takes longer is ended by the database, and tried again.',
    default: 300_000,
    min: 100,
    max: 86_400_000,
    importance: 'low',
    group: CONNECTION,
  }),
} as const;

/** What `connectionFields` parse to. */
export interface ConnectionConfig {
  readonly 'connection.url': string;
  readonly 'connection.user': string | undefined;
  readonly 'connection.password': Secret | undefined;
  readonly 'connection.timeout.ms': number;
  readonly 'statement.timeout.ms': number;
}

/** An address may be shown anywhere; a password may not. */
function checkUrl(url: string): string | undefined {
  if (!/^(jdbc:)?postgres(ql)?:\/\/[^/]/.test(url)) return 'is not like postgres://host:5432/database';
  if (/^[^?]*:\/\/[^/@]*:[^/@]*@/.test(url) || /[?&]password=/i.test(url)) return 'holds a password; connection.password is its place';
  return undefined;
}
