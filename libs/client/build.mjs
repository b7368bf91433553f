// Builds the package as it is published into a folder (default: dist): one ES module for Node 20 and later with the
// workspace's own packages inside and those of the registry outside, its types, and a package.json that names both.
//
//   node build.mjs [folder]
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const LIBS = dirname(HERE);
const ROOT = dirname(LIBS);
const SCOPE = '@moldau/';
const NODE_MIN = '20.0.0';

const target = resolve(process.argv[2] ?? join(HERE, 'dist'));
const manifest = readJson(join(HERE, 'package.json'));

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const dependencies = registryDependencies();
const used = await bundle();
emitTypes();
writeManifest();
cpSync(join(HERE, 'README.md'), join(target, 'README.md'));

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** The source that a package of the workspace, or one of its further entries (`@moldau/kernel/test`), stands for. */
function sourceOf(specifier) {
  const [name, ...entry] = specifier.slice(SCOPE.length).split('/');
  const { exports } = readJson(join(LIBS, name, 'package.json'));
  const source = exports[['.', ...entry].join('/')];
  if (source === undefined) throw new Error(`${specifier} is not among the exports of libs/${name}/package.json`);
  return join(LIBS, name, source);
}

/** Packages of the registry that the client, or a package of the workspace it uses, depends on. */
function registryDependencies() {
  const found = {};
  const visit = (folder) => {
    for (const [name, version] of Object.entries(readJson(join(folder, 'package.json')).dependencies ?? {})) {
      if (name.startsWith(SCOPE)) visit(join(LIBS, name.slice(SCOPE.length)));
      else found[name] = version;
    }
  };
  visit(HERE);
  return found;
}

/** Writes index.js; returns the names of the packages it imports. */
async function bundle() {
  const workspace = {
    name: 'workspace',
    setup(plugin) {
      // Our modules do nothing when they are imported, so what is not used can go.
      plugin.onResolve({ filter: /^@moldau\// }, ({ path }) => ({ path: sourceOf(path), sideEffects: false }));
      plugin.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) =>
        resolveDir.startsWith(LIBS) ? { path: resolve(resolveDir, path), sideEffects: false } : undefined,
      );
    },
  };
  const { metafile } = await build({
    entryPoints: [join(HERE, 'src/index.ts')],
    outfile: join(target, 'index.js'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: true,
    metafile: true,
    external: Object.keys(dependencies).flatMap((name) => [name, `${name}/*`]),
    plugins: [workspace],
    logLevel: 'warning',
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return new Set(
    imports.map(({ path }) =>
      path
        .split('/')
        .slice(0, path.startsWith('@') ? 2 : 1)
        .join('/'),
    ),
  );
}

/** Writes types/: the declarations that index.d.ts leads to, with the workspace's packages beside each other. */
function emitTypes() {
  const emitted = mkdtempSync(join(tmpdir(), 'moldau-types-'));
  try {
    // By `paths`, so that the workspace's packages are sources to the compiler and not somebody's library.
    const config = {
      extends: join(ROOT, 'tsconfig.base.json'),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        stripInternal: true,
        rootDir: LIBS,
        outDir: emitted,
        paths: sourcePaths(),
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      files: [join(HERE, 'src/index.ts')],
    };
    const project = join(emitted, 'tsconfig.json');
    writeFileSync(project, JSON.stringify(config));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [tsc, '-p', project], { stdio: ['ignore', 'inherit', 'inherit'] });
    copyReachable(emitted, join(emitted, 'client/src/index.d.ts'), new Set());
  } finally {
    rmSync(emitted, { recursive: true, force: true });
  }
}

/** The compiler's `paths`: every entry of every package of the workspace with its source. */
function sourcePaths() {
  const packages = readdirSync(LIBS).filter((name) => existsSync(join(LIBS, name, 'package.json')));
  return Object.fromEntries(
    packages.flatMap((name) =>
      Object.entries(readJson(join(LIBS, name, 'package.json')).exports ?? {}).map(([entry, source]) => [
        join(SCOPE, name, entry),
        [join(LIBS, name, source)],
      ]),
    ),
  );
}

function copyReachable(emitted, file, seen) {
  if (seen.has(file)) return;
  seen.add(file);
  const text = readFileSync(file, 'utf8').replace(/((?:from|import\()\s*['"])([^'"]+)(['"])/g, (_, before, specifier, after) => {
    const path = specifier.startsWith(SCOPE)
      ? join(emitted, relative(LIBS, sourceOf(specifier))).replace(/\.ts$/, '.d.ts')
      : specifier.startsWith('.')
        ? join(dirname(file), specifier.replace(/\.ts$/, '.d.ts'))
        : undefined;
    if (path === undefined) return `${before}${specifier}${after}`;
    copyReachable(emitted, path, seen);
    const between = relative(dirname(file), path).replace(/\.d\.ts$/, '.js');
    return `${before}${between.startsWith('.') ? between : `./${between}`}${after}`;
  });
  const copy = join(target, 'types', relative(emitted, file));
  mkdirSync(dirname(copy), { recursive: true });
  writeFileSync(copy, text);
}

function writeManifest() {
  const { name, version, description, license, type } = manifest;
  const published = {
    name,
    version,
    description,
    license,
    type,
    engines: { node: `>=${NODE_MIN}` },
    sideEffects: false,
    exports: { '.': { types: './types/client/src/index.d.ts', default: './index.js' } },
    dependencies: Object.fromEntries(Object.entries(dependencies).filter(([dependency]) => used.has(dependency))),
  };
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
}
