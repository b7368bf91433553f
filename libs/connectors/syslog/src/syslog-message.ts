import { type DataFields, type StructSchema, schemas } from '@moldau/connect';

const text = schemas.string({ optional: true });

/** What a message is as a value. */
export const messageSchema: StructSchema = schemas.struct(
  {
    facility: schemas.int32(),
    severity: schemas.int32(),
    timestamp: schemas.timestamp({ optional: true }),
    hostname: text,
    app_name: text,
    proc_id: text,
    msg_id: text,
    structured_data: schemas.map(schemas.string(), schemas.map(schemas.string(), schemas.string()), { optional: true }),
    message: schemas.string(),
    address: schemas.string(),
    format: schemas.string(),
  },
  { name: 'moldau.Syslog' },
);

/** The fields of a message. Numbers of facility and severity are those of RFC 5424, 6.2.1. */
export interface SyslogMessage {
  readonly format: 'rfc5424' | 'rfc3164' | 'none';
  readonly facility: number;
  readonly severity: number;
  readonly timestampMs: number | undefined;
  readonly hostname: string | undefined;
  readonly appName: string | undefined;
  readonly procId: string | undefined;
  readonly msgId: string | undefined;
  readonly structuredData: StructuredData | undefined;
  readonly message: string;
}

/** Parameters by the names of their elements. */
export type StructuredData = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The value by `messageSchema`. */
export function fieldsOf(message: SyslogMessage, address: string): DataFields {
  return {
    facility: message.facility,
    severity: message.severity,
    timestamp: message.timestampMs ?? null,
    hostname: message.hostname ?? null,
    app_name: message.appName ?? null,
    proc_id: message.procId ?? null,
    msg_id: message.msgId ?? null,
    structured_data: message.structuredData ?? null,
    message: message.message,
    address,
    format: message.format,
  };
}
