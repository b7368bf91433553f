import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { type Project, REPOSITORY_ROOT, readProjects } from '../workspace/projects.ts';

/**
 * An app as it is installed, in plain JavaScript:
 *
 *     bin/           the launcher, where the app has one
 *     src/main.js    starts the program, which stands beside it: the workspace's packages inside, those of the registry outside
 *     proto/         the .proto files, for reflection
 *     package.json   its name, its command, and the packages of the registry it needs
 */

/** What runs the bundle: the Node that everything here runs on. */
const NODE_MIN = '24';
const SCOPE = '@moldau/';
/** Modules of ours that are imported for what they do, not for what they export. */
const WITH_SIDE_EFFECTS = /process-start\.ts$/;

/** Builds the app in `folder` (relative to the repository) into `target`, which is emptied first. */
export async function bundleApp(folder: string, target: string): Promise<void> {
  const projects = readProjects();
  const app = projects.find((project) => project.folder === folder);
  if (app === undefined) throw new Error(`${folder} is no project`);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const dependencies = registryDependencies(app, projects);
  await build({
    absWorkingDir: REPOSITORY_ROOT,
    entryPoints: { ...entryPoints(folder) },
    outdir: join(target, 'src'),
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: `node${NODE_MIN}`,
    sourcemap: true,
    external: Object.keys(dependencies).flatMap((name) => [name, `${name}/*`]),
    plugins: [pure()],
    logLevel: 'warning',
  });
  if (startsEarly(folder)) writeFileSync(join(target, 'src/main.js'), STARTER);
  cpSync(join(REPOSITORY_ROOT, 'libs/protocol/proto'), join(target, 'proto'), { recursive: true });
  for (const extra of ['bin', 'README.md']) {
    const source = join(REPOSITORY_ROOT, folder, extra);
    if (existsSync(source)) cpSync(source, join(target, extra), { recursive: true });
  }
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(publishedManifest(app, dependencies), null, 2)}\n`);
}

/** A bundle imports packages of the registry before it runs any line of its own; what must come first needs a module before it. */
const STARTER = "import './process-start.js';\nawait import('./app.js');\n";

function startsEarly(folder: string): boolean {
  return readFileSync(join(REPOSITORY_ROOT, folder, 'src/main.ts'), 'utf8').includes("import '@moldau/service/process-start';");
}

function entryPoints(folder: string): Readonly<Record<string, string>> {
  const main = join(REPOSITORY_ROOT, folder, 'src/main.ts');
  return startsEarly(folder) ? { app: main, 'process-start': join(REPOSITORY_ROOT, 'libs/service/src/process-start.ts') } : { main };
}

/** Modules of the workspace do nothing when they are imported, so what is not used can go. */
function pure(): Plugin {
  return {
    name: 'workspace',
    setup(plugin): void {
      plugin.onResolve({ filter: /^(@moldau\/|\.\.?\/)/ }, async ({ path, resolveDir, importer, kind, pluginData }) => {
        if (pluginData === SEEN) return undefined;
        const found = await plugin.resolve(path, { resolveDir, importer, kind, pluginData: SEEN });
        return { ...found, sideEffects: WITH_SIDE_EFFECTS.test(found.path) };
      });
    },
  };
}

/** Marks a question that the plugin itself asks. */
const SEEN = Symbol('seen');

/** Packages of the registry that the app, or a package of the workspace it uses, depends on. */
function registryDependencies(app: Project, projects: readonly Project[]): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  const seen = new Set<Project>();
  const visit = (project: Project): void => {
    seen.add(project);
    for (const [name, version] of Object.entries(project.manifest.dependencies ?? {})) {
      const own = projects.find((candidate) => candidate.name === name);
      if (own === undefined) found.set(name, version);
      else if (!seen.has(own)) visit(own);
    }
  };
  visit(app);
  return Object.fromEntries([...found].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function publishedManifest({ manifest }: Project, dependencies: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  const { name, version, description, license, type, bin } = manifest;
  const short = name.slice(SCOPE.length).replace(/-app$/, '');
  const engines = { node: `>=${NODE_MIN}` };
  return { name, version, description, license, type, engines, bin: bin ?? { [`moldau-${short}`]: 'src/main.js' }, dependencies };
}
