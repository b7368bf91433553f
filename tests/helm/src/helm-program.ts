import { execFile, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** The release that the chart is tested with; builds from its source by `npm run test:helm`. */
const VERSION = 'v3.22.0';
const MODULE = `helm.sh/helm/v3/cmd/helm@${VERSION}`;
const BUILD_TIMEOUT_MS = 20 * 60_000;

/** Names the binary where it is not in PATH. */
const VARIABLE = 'MOLDAU_HELM';

/** Where a built one is kept from one checkout to the next. */
function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'moldau', `helm-${VERSION}`);
}

/** The helm to test with: the one that MOLDAU_HELM names, the first in PATH, or one that was built before. */
export function findHelm(): string | undefined {
  const named = process.env[VARIABLE];
  if (named !== undefined && named !== '') return named;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), cacheFolder()].filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, 'helm')).find(isHelm);
}

/** Why the chart can't be tested here, for those who read of a skipped test. */
export const NO_HELM = `there is no helm in PATH or ${VARIABLE}; npm run test:helm builds one where Go is installed`;

/** Builds helm from its source, once for all checkouts. Takes minutes. Answers with why it could not; undefined: it is there. */
export async function buildHelm(): Promise<string | undefined> {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    return 'Go is not installed';
  }
  const folder = cacheFolder();
  mkdirSync(folder, { recursive: true });
  process.stdout.write(`builds ${MODULE} into ${folder}: some minutes, once\n`);
  const status = await new Promise<number | null>((resolve) => {
    const child = spawn('go', ['install', MODULE], { stdio: 'inherit', env: { ...process.env, GOBIN: folder }, timeout: BUILD_TIMEOUT_MS });
    child.once('error', () => resolve(null));
    child.once('exit', resolve);
  });
  return status === 0 && existsSync(join(folder, 'helm')) ? undefined : `go install ${MODULE} failed`;
}

/** A program of this name may be another one: Kubernetes' prints its version so. */
function isHelm(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return /^v[34]\./.test(execFileSync(path, ['version', '--template', '{{.Version}}'], { encoding: 'utf8' }));
  } catch {
    return false;
  }
}

export interface HelmResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs helm, whatever it ends with. */
export async function helm(...argv: readonly string[]): Promise<HelmResult> {
  const program = findHelm();
  if (program === undefined) throw new Error(NO_HELM);
  try {
    const { stdout, stderr } = await promisify(execFile)(program, [...argv], { maxBuffer: 2 ** 26 });
    return { status: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
    return { status: code ?? 1, stdout, stderr };
  }
}
