import { MoldauError } from '@moldau/kernel';

/**
 * Refuses a file that a newer version wrote: it has the name in `magic`, whose last byte is the version, with a higher
 * version behind it. Such a file is neither damaged nor torn, and must never be cut or removed.
 *
 * @throws MoldauError UNSUPPORTED_FORMAT
 */
export function refuseNewerFormat(bytes: Uint8Array, magic: Uint8Array, path: string): void {
  const versionAt = magic.length - 1;
  const supported = magic[versionAt] ?? 0;
  const found = bytes[versionAt] ?? 0;
  if (found <= supported || magic.subarray(0, versionAt).some((byte, i) => bytes[i] !== byte)) return;
  const facts = { path, value: String(found), limit: String(supported) };
  throw new MoldauError('UNSUPPORTED_FORMAT', `${path} has format ${found}; this version reads up to ${supported}`, facts);
}
