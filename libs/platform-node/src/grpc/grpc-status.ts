import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { STATUS_CODES, STATUS_OK, type Status, StatusError, type StatusName } from '@moldau/kernel';

/** Carries an encoded `google.rpc.Status`, by convention of all gRPC libraries. */
const DETAILS_KEY = 'grpc-status-details-bin';

/** Both travel in trailers, which many peers limit to 8 KiB in all. */
const MESSAGE_CHARACTERS_MAX = 1024;
const DETAILS_BYTES_MAX = 4096;

const NAMES_BY_CODE = new Map<number, StatusName>(Object.entries(STATUS_CODES).map(([name, code]) => [code, name as StatusName]));

/** What grpc-js is told to send. Too long a message is cut, too long details are left out. */
export function toGrpcStatus(status: Status): StatusObject {
  const metadata = new Metadata();
  if (status.details !== undefined && status.details.length <= DETAILS_BYTES_MAX) metadata.set(DETAILS_KEY, asBuffer(status.details));
  return { code: STATUS_CODES[status.code], details: headerText(status.message), metadata };
}

/** What grpc-js reports of a call to `address`, in the words of the port. */
export function fromGrpcStatus(status: StatusObject, address: string): Status {
  const code = NAMES_BY_CODE.get(status.code) ?? 'UNKNOWN';
  if (code === 'OK') return STATUS_OK;
  if (code === 'UNAVAILABLE' && neverSent(status.details)) return { code, message: unreachable(address, status.details), unsent: true };
  const [details] = status.metadata.get(DETAILS_KEY);
  return { code, message: status.details, ...(details instanceof Buffer ? { details } : {}) };
}

/** What a handler threw, as its caller hears it: nothing of an unexpected error's message leaves the server. */
export function statusOfThrown(caught: unknown): Status {
  return caught instanceof StatusError ? caught.status : { code: 'INTERNAL', message: 'internal error' };
}

/** The same bytes as a Buffer, which grpc-js needs. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** grpc-js puts it through encodeURI, which throws on half a surrogate pair; and it does so where nothing catches. */
function headerText(message: string): string {
  return message.slice(0, MESSAGE_CHARACTERS_MAX).toWellFormed();
}

/**
 * grpc-js says it only in words: its load balancer and its resolver answer calls before they reach a connection. The
 * words are pinned by a spec.
 */
function neverSent(details: string): boolean {
  return details.startsWith('No connection established') || details.startsWith('Name resolution failed');
}

/** The system's or the TLS library's own words for why, without those around them. */
function unreachable(address: string, details: string): string {
  const cause = details
    .replace(/^No connection established\.\s*/, '')
    .replace(/^Last error: (Error: )?/, '')
    .replace(/\s*Resolution note:\s*$/, '')
    .replace(/[.\s]+$/, '');
  return `can't reach ${address}${cause === '' ? '' : `: ${cause}`}`;
}
