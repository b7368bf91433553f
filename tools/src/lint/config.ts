import { join } from 'node:path';
import nx from '@nx/eslint-plugin';
import type { Linter } from 'eslint';
import { builtinRules } from 'eslint/use-at-your-own-risk';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';
import { layerOf, type Project, REPOSITORY_ROOT, readProjects } from '../workspace/projects.ts';
import { dependencyConstraints, type FileRole } from './boundaries.ts';
import { BANNED_GLOBALS, BANNED_PROPERTIES, BANNED_TYPES, CORE_FOLDERS, NODE_ENTRY_FILES } from './determinism.ts';
import { factKeys } from './fact-keys.ts';
import { restrictedImports } from './imports.ts';
import { LIBRARY_RULES, SPEC_RULES, STYLE_RULES } from './style.ts';

type Config = Linter.Config;

/** Specs, the contracts that specs of several adapters share, and microbenchmarks. */
const SUITE_FILES = ['**/*.spec.ts', '**/*.contract.ts', '**/*.bench.ts'];
/** Those, and what they are made with: a library's fixtures stand in its `src/testing`. */
const SPEC_FILES = [...SUITE_FILES, '{apps,libs}/**/src/testing/**/*.ts'];
const CORE_FILES = CORE_FOLDERS.map((folder) => `${folder}/src/**/*.ts`);
/** Folders whose specs, and whose code, are tests or tools: development dependencies are theirs to use. */
const DEVELOPMENT_FOLDERS = ['tests', 'examples', 'bench', 'tools', 'libs/harness'];

/** The repository's ESLint configuration; the root's eslint.config.mjs hands it to ESLint. */
export function eslintConfig(): Config[] {
  const projects = readProjects();
  return [
    // The bootstrap and the root's configuration files are plain JavaScript or belong to no project.
    { ignores: ['**/node_modules', '**/dist', '**/src/gen', '.nx', '**/*.{js,mjs,cjs}', '*.ts'] },
    ...typeScript(),
    { files: ['libs/**/*.ts'], rules: LIBRARY_RULES },
    ...boundaries(projects),
    ...projects.map(declaredDependencies),
    ...importRestrictions(projects),
    ...determinism(),
    { files: SUITE_FILES, rules: SPEC_RULES },
  ];
}

function typeScript(): Config[] {
  const recommended = tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] }));
  return [
    ...(recommended as Config[]),
    {
      files: ['**/*.ts'],
      languageOptions: { parserOptions: { project: 'tsconfig.json', tsconfigRootDir: REPOSITORY_ROOT } },
      linterOptions: { reportUnusedDisableDirectives: 'error' },
      plugins: {
        '@nx': nx,
        'import-x': importX,
        'moldau-budget': budgetPlugin(),
        moldau: { rules: { 'fact-keys': factKeys } },
      } as unknown as NonNullable<Config['plugins']>,
      settings: {
        'import-x/extensions': ['.ts'],
        'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
        'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js', '.json'] })],
      },
      rules: STYLE_RULES,
    },
  ];
}

/** ESLint's own size rules under second names: one name cannot both warn at one size and fail at another. */
function budgetPlugin(): { readonly rules: Readonly<Record<string, unknown>> } {
  return { rules: { 'file-lines': builtinRules.get('max-lines'), 'function-lines': builtinRules.get('max-lines-per-function') } };
}

/** Who may import whom; specs and the SDK's entry point for Node may import a little more. */
function boundaries(projects: readonly Project[]): Config[] {
  const roles: readonly (readonly [FileRole, readonly string[]])[] = [
    ['source', ['**/*.ts']],
    ['node-entry', [NODE_ENTRY_FILES]],
    ['spec', SPEC_FILES],
  ];
  return roles.map(([role, files]) => ({
    files: [...files],
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          banTransitiveDependencies: true,
          // Whether an import is static or dynamic is a matter of start-up time, not of boundaries.
          checkDynamicDependenciesExceptions: ['@moldau/**'],
          depConstraints: dependencyConstraints(projects, role),
        },
      ],
    },
  }));
}

/** A project imports only what its own package.json declares; the root's development dependencies are for specs and tools. */
function declaredDependencies(project: Project): Config {
  const development = DEVELOPMENT_FOLDERS.some((folder) => project.folder === folder || project.folder.startsWith(`${folder}/`));
  return {
    files: [`${project.folder}/**/*.ts`],
    rules: {
      'import-x/no-extraneous-dependencies': [
        'error',
        {
          packageDir: [join(REPOSITORY_ROOT, project.folder), REPOSITORY_ROOT],
          devDependencies: development ? true : SPEC_FILES,
          optionalDependencies: false,
          includeTypes: true,
        },
      ],
    },
  };
}

function importRestrictions(projects: readonly Project[]): Config[] {
  const rule = '@typescript-eslint/no-restricted-imports';
  const cores = projects.filter((project) => layerOf(project) === 'core').map((project) => project.name);
  const general = restrictedImports({ projects, deterministic: false });
  return [
    { files: ['**/*.ts'], rules: { [rule]: ['error', general] } },
    { files: CORE_FILES, rules: { [rule]: ['error', restrictedImports({ projects, deterministic: true })] } },
    {
      files: projects.filter((project) => layerOf(project) === 'platform').map((project) => `${project.folder}/src/**/*.ts`),
      rules: { [rule]: ['error', restrictedImports({ projects, deterministic: false, typesOnly: cores })] },
    },
    { files: [NODE_ENTRY_FILES, ...SPEC_FILES], rules: { [rule]: ['error', general] } },
  ];
}

function determinism(): Config[] {
  return [
    {
      files: CORE_FILES,
      ignores: [NODE_ENTRY_FILES, ...SPEC_FILES],
      rules: {
        'no-restricted-globals': ['error', ...BANNED_GLOBALS],
        'no-restricted-properties': ['error', ...BANNED_PROPERTIES],
        '@typescript-eslint/no-restricted-types': ['error', { types: BANNED_TYPES }],
      },
    },
  ];
}
