import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Refusal } from './refusal.ts';
import type { HttpSourceConfig } from './source-config.ts';

/** Before the body is read. @throws Refusal 401 */
export function checkToken(headers: IncomingHttpHeaders, config: HttpSourceConfig): void {
  const token = config['auth.token'];
  if (token === undefined) return;
  const [, given] = /^Bearer (.+)$/i.exec(headers.authorization ?? '') ?? [];
  if (given === undefined || !equal(given, token.reveal())) {
    throw new Refusal(401, 'a bearer token is needed, and this is not it', { 'www-authenticate': 'Bearer', connection: 'close' });
  }
}

/** @throws Refusal 401 */
export function checkSignature(headers: IncomingHttpHeaders, body: Buffer, config: HttpSourceConfig): void {
  const secret = config['auth.hmac.secret'];
  if (secret === undefined) return;
  const given = headers[config['auth.hmac.header'].toLowerCase()];
  const wanted = createHmac('sha256', secret.reveal()).update(body).digest('hex');
  const hex = typeof given === 'string' ? given.replace(/^sha256=/, '').toLowerCase() : '';
  if (!equal(hex, wanted)) throw new Refusal(401, `${config['auth.hmac.header']} is not the HMAC-SHA256 of the body`);
}

/** In a time that tells nothing of the texts: their hashes have one length. */
function equal(one: string, other: string): boolean {
  const [first, second] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return first !== undefined && second !== undefined && timingSafeEqual(first, second);
}
