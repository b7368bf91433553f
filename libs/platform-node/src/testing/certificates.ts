import { generate } from 'selfsigned';

/** A key with its certificate, both PEM. */
export interface KeyPair {
  readonly key: Buffer;
  readonly certificate: Buffer;
}

/** An authority that signs certificates, made anew for each run. */
export interface TestAuthority {
  /** What whoever trusts it is given. */
  readonly certificate: Buffer;
  /** A certificate that servers and clients may show; `host`, by default localhost, is where it may serve. */
  issue(commonName: string, host?: string): Promise<KeyPair>;
}

/** Makes an authority. Elliptic curves: keys of RSA take a second to make. */
export async function createTestAuthority(name: string): Promise<TestAuthority> {
  const authority = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  return {
    certificate: Buffer.from(authority.cert),
    async issue(commonName, host = 'localhost'): Promise<KeyPair> {
      const issued = await generate([{ name: 'commonName', value: commonName }], {
        keyType: 'ec',
        algorithm: 'sha256',
        ca: { key: authority.private, cert: authority.cert },
        extensions: [
          { name: 'basicConstraints', cA: false, critical: true },
          { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
          { name: 'subjectAltName', altNames: [{ type: 2, value: host }] },
        ],
      });
      return { key: Buffer.from(issued.private), certificate: Buffer.from(issued.cert) };
    },
  };
}
