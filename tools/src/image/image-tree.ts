import { chmodSync, cpSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bundleApp, workspaceDependencies } from '../build/bundle-app.ts';
import { REPOSITORY_ROOT, readJson, readProjects } from '../workspace/projects.ts';
import { type AppPackages, packageClosure } from './package-closure.ts';
import { billOfMaterials } from './sbom.ts';

/** The apps of the image: folder of the repository, and the command that starts each. A service more is a line more. */
export const IMAGE_APPS: readonly { readonly folder: string; readonly command: string; readonly script: string }[] = [
  { folder: 'apps/broker', command: 'moldau-broker', script: 'broker/src/main.js' },
  { folder: 'apps/coordinator', command: 'moldau-coordinator', script: 'coordinator/src/main.js' },
  { folder: 'apps/connector-worker', command: 'moldau-connector-worker', script: 'connector-worker/src/main.js' },
  { folder: 'apps/cli', command: 'moldau', script: 'cli/bin/moldau.js' },
];

/** Programs of the image that stand beside the Dockerfile. */
const TOOLS = ['healthcheck.js', 'node-label.js'] as const;
/** Where the tree lies in the image. */
const PREFIX = '/opt/moldau';
/** What packages bring along that nobody runs: their types, sources, maps, documents and tests. */
const LEFT_OUT = /(\.[cm]?ts|\.map|\.md|\.markdown|\.tsbuildinfo)$|\/(test|tests|__tests__|docs|benchmarks?|examples?)$/i;

/**
 * Makes what the image holds below /opt/moldau, in `target`, which is emptied first:
 *
 *     <app>/          each app as it is installed
 *     node_modules/   the packages of the registry that they need
 *     bin/            the commands
 *     tools/          health check, reader of a node's label
 *     sbom.cdx.json   the bill of materials
 */
export async function buildImageTree(target: string): Promise<void> {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(join(target, 'bin'), { recursive: true });
  for (const { folder } of IMAGE_APPS) {
    const app = join(target, basename(folder));
    await bundleApp(folder, app);
    // Twice as large as the code: who needs one builds the same version.
    for (const map of globSync('src/*.map', { cwd: app })) rmSync(join(app, map));
  }
  const packages = packageClosure(IMAGE_APPS.map(({ folder }) => declaredBy(folder)));
  for (const { source, target: place } of packages) copyPackage(join(REPOSITORY_ROOT, source), join(target, place));
  for (const { command, script } of IMAGE_APPS) addCommand(target, command, `${PREFIX}/${script}`);
  for (const tool of TOOLS) {
    cpSync(join(REPOSITORY_ROOT, 'deploy/docker', tool), join(target, 'tools', tool));
    addCommand(target, basename(tool, '.js'), `${PREFIX}/tools/${tool}`);
  }
  writeFileSync(join(target, 'package.json'), '{"type":"module"}\n');
  cpSync(join(REPOSITORY_ROOT, 'LICENSE'), join(target, 'LICENSE'));
  const { version } = readJson<{ readonly version: string }>('package.json');
  writeFileSync(join(target, 'sbom.cdx.json'), `${JSON.stringify(billOfMaterials(version, packages), null, 2)}\n`);
}

/** Packages of the registry that an app and the projects it uses declare. */
function declaredBy(folder: string): AppPackages {
  const projects = readProjects();
  const app = projects.find((project) => project.folder === folder);
  if (app === undefined) throw new Error(`${folder} is no project`);
  const names = new Set(projects.map(({ name }) => name));
  const declared = [app, ...workspaceDependencies(app, projects)].flatMap((project) =>
    Object.keys(project.manifest.dependencies ?? {})
      .filter((name) => !names.has(name))
      .map((name) => ({ name, folder: project.folder })),
  );
  return { name: basename(folder), declared };
}

function copyPackage(source: string, target: string): void {
  cpSync(source, target, {
    recursive: true,
    dereference: true,
    // Packages below it come by themselves, where they are needed.
    filter: (path) => !path.slice(source.length).startsWith('/node_modules') && !LEFT_OUT.test(path.slice(source.length)),
  });
}

function addCommand(target: string, name: string, script: string): void {
  const path = join(target, 'bin', name);
  writeFileSync(path, `#!/bin/sh\nexec node ${script} "$@"\n`);
  chmodSync(path, 0o755);
}
