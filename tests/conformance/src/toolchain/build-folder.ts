import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folders of this project and of the repository. */
export const CLIENTS_FOLDER = fileURLToPath(new URL('../../clients', import.meta.url));
export const REPOSITORY_ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

/** Where a client is built; kept between runs, since it holds what was downloaded. */
export function buildFolder(language: string): string {
  const path = `${REPOSITORY_ROOT}/node_modules/.cache/moldau-conformance/${language}`;
  mkdirSync(path, { recursive: true });
  return path;
}

/** Set by `npm run test:conformance`: clients whose toolchain has to be downloaded are built too. */
const ALL_CLIENTS = process.env['CONFORMANCE_CLIENTS'] === 'all';

/** Why a client that has to be downloaded is not run now; undefined when it is. */
export function whyNotNow(): string | undefined {
  return ALL_CLIENTS ? undefined : 'runs with npm run test:conformance, since it downloads its toolchain';
}
