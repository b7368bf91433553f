import type { RuntimePackage } from './package-closure.ts';

/**
 * The bill of materials of an image, as CycloneDX 1.6 (JSON) has it: Moldau, and each package of the registry in it. Without a
 * time or a number of its own, so that equal images have equal ones.
 */
export function billOfMaterials(version: string, packages: readonly RuntimePackage[]): Readonly<Record<string, unknown>> {
  const components = [...new Map(packages.map((one) => [purlOf(one), one])).entries()].map(([purl, one]) => ({
    type: 'library',
    'bom-ref': purl,
    name: one.name,
    version: one.version,
    purl,
    ...(one.license === undefined ? {} : { licenses: [licenseOf(one.license)] }),
    ...(one.integrity === undefined ? {} : { hashes: [hashOf(one.integrity)] }),
  }));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: { type: 'application', 'bom-ref': 'moldau', name: 'moldau', version, licenses: [{ license: { id: 'Apache-2.0' } }] },
    },
    components,
  };
}

function purlOf({ name, version }: RuntimePackage): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** A name of SPDX, or an expression of several. */
function licenseOf(license: string): Readonly<Record<string, unknown>> {
  return /[ (]/.test(license) ? { expression: license } : { license: { id: license } };
}

const ALGORITHMS: Readonly<Record<string, string>> = { sha1: 'SHA-1', sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' };

function hashOf(integrity: string): Readonly<Record<string, string>> {
  const at = integrity.indexOf('-');
  const alg = ALGORITHMS[integrity.slice(0, at)];
  if (alg === undefined) throw new Error(`unknown algorithm in ${integrity}`);
  return { alg, content: Buffer.from(integrity.slice(at + 1), 'base64').toString('hex') };
}
