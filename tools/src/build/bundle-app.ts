import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
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
    entryPoints: { ...entryPoints(folder), ...loadedByAddress(app, projects) },
    outdir: join(target, 'src'),
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: `node${NODE_MIN}`,
    sourcemap: true,
    external: Object.keys(dependencies).flatMap((name) => [name, `${name}/*`]),
    plugins: [pure(), atTheirAddress()],
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

/** What a module loads by address instead of by import: a thread's code, or a plugin of the workspace. Each is a module of its own in the bundle. */
const THREAD = /new URL\('(\.[^']+)\.ts', import\.meta\.url\)/g;
const PLUGIN = /import\.meta\.resolve\('(@moldau\/[^']+)'\)/g;

/** Name in the bundle to source, of everything that the app's projects load by address. */
function loadedByAddress(app: Project, projects: readonly Project[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { folder } of [app, ...workspaceDependencies(app, projects)]) {
    for (const file of globSync('src/**/*.ts', { cwd: join(REPOSITORY_ROOT, folder), exclude: ['**/*.spec.ts', '**/testing/**'] })) {
      const path = join(REPOSITORY_ROOT, folder, file);
      const text = readFileSync(path, 'utf8');
      for (const [, target = ''] of text.matchAll(THREAD)) found[basename(target)] = join(dirname(path), `${target}.ts`);
      for (const [, name = ''] of text.matchAll(PLUGIN)) found[basename(name)] = sourceOf(name, projects);
    }
  }
  return found;
}

function sourceOf(name: string, projects: readonly Project[]): string {
  const project = projects.find((candidate) => candidate.name === name);
  const entry = project?.manifest.exports?.['.'];
  if (project === undefined || entry === undefined) throw new Error(`${name} is loaded by address and is no project with an entry point`);
  return join(REPOSITORY_ROOT, project.folder, entry);
}

/** In the bundle these modules stand beside the one that loads them. */
function atTheirAddress(): Plugin {
  return {
    name: 'addresses',
    setup(plugin): void {
      plugin.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        if (!text.includes('import.meta')) return undefined;
        const contents = text
          .replaceAll(THREAD, (_, target: string) => `new URL('./${basename(target)}.js', import.meta.url)`)
          .replaceAll(PLUGIN, (_, name: string) => `new URL('./${basename(name)}.js', import.meta.url).href`);
        return { contents, loader: 'ts' };
      });
    },
  };
}

/** Marks a question that the plugin itself asks. */
const SEEN = Symbol('seen');

/** Packages of the registry that the app, or a package of the workspace it uses, depends on. */
function registryDependencies(app: Project, projects: readonly Project[]): Readonly<Record<string, string>> {
  const all = [app, ...workspaceDependencies(app, projects)].flatMap(({ manifest }) => Object.entries(manifest.dependencies ?? {}));
  const own = new Set(projects.map(({ name }) => name));
  return Object.fromEntries(all.filter(([name]) => !own.has(name)).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Projects that the app depends on, and those that they do. */
export function workspaceDependencies(app: Project, projects: readonly Project[]): readonly Project[] {
  const seen = new Set<Project>();
  const visit = (project: Project): void => {
    for (const name of Object.keys(project.manifest.dependencies ?? {})) {
      const own = projects.find((candidate) => candidate.name === name);
      if (own === undefined || seen.has(own)) continue;
      seen.add(own);
      visit(own);
    }
  };
  visit(app);
  return [...seen];
}

function publishedManifest({ manifest }: Project, dependencies: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  const { name, version, description, license, type, bin } = manifest;
  const short = name.slice(SCOPE.length).replace(/-app$/, '');
  const engines = { node: `>=${NODE_MIN}` };
  return { name, version, description, license, type, engines, bin: bin ?? { [`moldau-${short}`]: 'src/main.js' }, dependencies };
}
