/**
 * A lockfile must name the optional packages of every platform, or `npm ci` refuses it. A registry mirror that carries
 * only some platforms makes npm leave the others out without a word. Their entries can be made from what is known: the
 * exact version stands with the package that wants them, and their names say which platform they are for.
 */

/** An entry of `packages` in package-lock.json, as far as it matters here. */
export interface LockEntry {
  readonly version?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly dev?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export type LockPackages = Readonly<Record<string, LockEntry>>;

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'] as const;

/** Spellings of processors in package names, with Node's name for each; longer spellings first. */
const PROCESSORS: readonly (readonly [spelling: string, name: string])[] = [
  ['aarch64', 'arm64'],
  ['arm64', 'arm64'],
  ['armv7', 'arm'],
  ['arm', 'arm'],
  ['x64', 'x64'],
  ['ia32', 'ia32'],
  ['ppc64', 'ppc64'],
  ['ppc', 'ppc'],
  ['riscv64', 'riscv64'],
  ['s390x', 's390x'],
  ['loong64', 'loong64'],
  ['mips64el', 'mips64el'],
  ['wasm32', 'wasm32'],
];

/** The packages with entries for those optional ones that are missing, in npm's order. */
export function withForeignPlatforms(packages: LockPackages): LockPackages {
  const added = missingOptionals(packages).map(
    ({ name, version, dev }) => [`node_modules/${name}`, foreignEntry(name, version, dev)] as const,
  );
  return Object.fromEntries(
    [...Object.entries({ ...packages, ...Object.fromEntries(added) })].sort(([left], [right]) => left.localeCompare(right, 'en')),
  );
}

interface MissingPackage {
  readonly name: string;
  readonly version: string;
  readonly dev: boolean;
}

/** Optional packages at an exact version that no entry stands for. */
export function missingOptionals(packages: LockPackages): readonly MissingPackage[] {
  return Object.entries(packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !isResolvable(packages, path, name))
      .map(([name, version]) => ({ name, version, dev: entry.dev === true })),
  );
}

/** Looks where Node would: beside the package that wants it, and in every folder above. */
function isResolvable(packages: LockPackages, from: string, name: string): boolean {
  const steps = from.split('/node_modules/');
  const folders = ['', ...steps.map((_step, index) => `${steps.slice(0, index + 1).join('/node_modules/')}/`)];
  return folders.some((folder) => packages[`${folder}node_modules/${name}`] !== undefined);
}

/** Throws when the name does not say its platform or the version is a range: then the entry has to come from a registry. */
export function foreignEntry(name: string, version: string, dev: boolean): LockEntry {
  const words = name.split(/[/-]/);
  const system = SYSTEMS.find((known) => words.includes(known));
  const processor = PROCESSORS.find(([spelling]) => words.includes(spelling))?.[1];
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    throw new Error(`${name}@${version} is missing from the lockfile, and its version is a range`);
  if (system === undefined && processor === undefined)
    throw new Error(`${name} is missing from the lockfile, and its name tells no platform`);
  const libc =
    words.includes('musl') || words.includes('musleabihf') ? 'musl' : words.some((word) => word.startsWith('gnu')) ? 'glibc' : undefined;
  return {
    version,
    ...(processor === undefined ? {} : { cpu: [processor] }),
    ...(dev ? { dev } : {}),
    ...(libc === undefined ? {} : { libc: [libc] }),
    optional: true,
    ...(system === undefined ? {} : { os: [system] }),
  };
}
