import { layerOf, type Project, scopeOf } from '../workspace/projects.ts';

/**
 * Who may import whom. docs/ARCHITECTURE.md gives the reasons; think hard before you add an entry.
 *
 * Every constraint that matches a project must hold, so a project obeys its layer AND its scope. A project that no
 * constraint matches may import nothing.
 */
export interface DependencyConstraint {
  /** The constraint holds for projects with all of these tags. */
  readonly allSourceTags?: string[];
  readonly sourceTag?: string;
  readonly onlyDependOnLibsWithTags?: string[];
  readonly notDependOnLibsWithTags?: string[];
  readonly bannedExternalImports?: string[];
}

/** Where a file stands, as far as it widens what the file may import. */
export type FileRole = 'source' | 'spec' | 'node-entry';

/** The direction of dependencies: each layer with the layers it may import. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  model: ['kernel'],
  core: ['kernel', 'model', 'core'],
  sdk: ['kernel', 'model', 'core', 'sdk'],
  service: ['kernel', 'model', 'core', 'sdk'],
  server: ['kernel', 'model', 'core', 'sdk', 'connect'],
  // Implements ports: those of the kernel, and as types those that a core declares.
  platform: ['kernel', 'model', 'core'],
  adapter: ['kernel', 'model', 'core'],
  testkit: ['kernel'],
  // The contracts between connectors and their runtime.
  connect: ['kernel'],
  // What a connector's author may know: the contracts, and the package of the system it connects to.
  connector: ['kernel', 'connect'],
  // Drives the SDK as a user's program does, by the real clock.
  load: ['kernel', 'sdk'],
  // Starts services as processes of their own: it knows where their programs are, and none of their code.
  launcher: ['kernel'],
  // What apps do alike: it knows servers and Node, and not which metadata store.
  assembly: ['kernel', 'model', 'core', 'service', 'server', 'platform'],
  app: [
    'kernel',
    'model',
    'core',
    'sdk',
    'connect',
    'connector',
    'service',
    'server',
    'platform',
    'adapter',
    'assembly',
    'load',
    'launcher',
    'app',
  ],
  // Of the apps only standalone can be imported: the others are Nx applications.
  harness: [
    'kernel',
    'model',
    'core',
    'sdk',
    'connect',
    'connector',
    'service',
    'server',
    'platform',
    'adapter',
    'testkit',
    'launcher',
    'app',
  ],
  test: [
    'kernel',
    'model',
    'core',
    'sdk',
    'connect',
    'connector',
    'service',
    'server',
    'platform',
    'adapter',
    'load',
    'testkit',
    'harness',
  ],
  tool: ['kernel', 'model', 'core', 'sdk', 'connect', 'connector', 'service', 'platform', 'load', 'harness'],
};

/** Narrower than its layer: each library that has siblings it must not know, with the scopes it may import. */
const SCOPES: Readonly<Record<string, readonly string[]>> = {
  'core/cluster': ['kernel', 'protocol'],
  'core/storage': ['kernel', 'records'],
  'core/replication': ['kernel', 'records', 'protocol', 'cluster'],
  'core/groups': ['kernel', 'records', 'protocol'],
  'core/transactions': ['kernel', 'records', 'protocol'],
  'core/shards': ['kernel', 'records', 'protocol', 'cluster'],
  'adapter/cluster-embedded': ['kernel', 'protocol', 'cluster'],
  'adapter/cluster-etcd': ['kernel', 'protocol', 'cluster'],
  'sdk/client': ['kernel', 'records', 'protocol', 'platform-node'],
  'sdk/streams': ['kernel', 'records', 'client'],
  'load/load': ['client'],
  'service/service': ['kernel', 'protocol'],
  'assembly/assembly': ['kernel', 'protocol', 'service', 'broker', 'platform-node'],
  'server/broker': ['kernel', 'records', 'protocol', 'cluster', 'storage', 'replication', 'shards', 'groups', 'transactions'],
  'server/coordinator': ['kernel', 'records', 'protocol', 'cluster', 'shards', 'groups', 'transactions'],
};

/** The only app that may import another: the command line starts standalone in its own process. */
const APP_THAT_IMPORTS_APPS = 'cli';

/** Packages of the registry that belong to one place, each with the scopes that may import it. */
const OWNED_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  etcd3: ['cluster-etcd'],
  '@grpc/*': ['platform-node', 'conformance'],
  'grpc-health-check': ['platform-node'],
  '@node-rs/crc32': ['records'],
  snappy: ['records'],
  'lz4-napi': ['records'],
  re2js: ['groups', 'connect'],
  avsc: ['connect'],
  pg: ['connector-postgres', 'connect-example'],
  '@aws-sdk/*': ['connector-s3'],
  pino: ['service'],
  'prom-client': ['service'],
};

/** The constraints for files of this role, over the projects that exist. */
export function dependencyConstraints(projects: readonly Project[], role: FileRole): readonly DependencyConstraint[] {
  return [...layerConstraints(role), ...scopeConstraints(role), ...appConstraints(projects), ...packageConstraints(projects)];
}

function layerConstraints(role: FileRole): readonly DependencyConstraint[] {
  return Object.entries(LAYERS).map(([layer, allowed]) => ({
    sourceTag: `layer:${layer}`,
    onlyDependOnLibsWithTags: [...allowed, ...widening(layer, role)].map((name) => `layer:${name}`),
  }));
}

function widening(layer: string, role: FileRole): readonly string[] {
  if (role === 'spec') return ['testkit'];
  // The SDK's cores take ports; only its entry point for Node assembles them with Node's.
  if (role === 'node-entry' && layer === 'sdk') return ['platform'];
  return [];
}

function scopeConstraints(role: FileRole): readonly DependencyConstraint[] {
  return Object.entries(SCOPES).map(([place, allowed]) => {
    const [layer, scope] = place.split('/');
    const scopes = role === 'spec' ? [...allowed, 'testkit'] : allowed;
    return { allSourceTags: [`layer:${layer}`, `scope:${scope}`], onlyDependOnLibsWithTags: scopes.map((name) => `scope:${name}`) };
  });
}

function appConstraints(projects: readonly Project[]): readonly DependencyConstraint[] {
  const apps = projects.filter((project) => layerOf(project) === 'app' && scopeOf(project) !== APP_THAT_IMPORTS_APPS);
  return apps.map((app) => ({ allSourceTags: ['layer:app', `scope:${scopeOf(app)}`], notDependOnLibsWithTags: ['layer:app'] }));
}

function packageConstraints(projects: readonly Project[]): readonly DependencyConstraint[] {
  const scopes = new Set(projects.flatMap((project) => scopeOf(project) ?? []));
  return [...scopes].map((scope) => ({
    sourceTag: `scope:${scope}`,
    bannedExternalImports: Object.entries(OWNED_PACKAGES).flatMap(([name, owners]) => (owners.includes(scope) ? [] : [name])),
  }));
}
