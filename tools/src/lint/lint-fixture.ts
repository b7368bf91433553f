import { join } from 'node:path';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { runNode } from '../process/run.ts';
import { REPOSITORY_ROOT } from '../workspace/projects.ts';

const GRAPH_TIMEOUT_MS = 2 * 60_000;

/** One finding of ESLint. */
export interface Finding {
  readonly rule: string;
  readonly message: string;
}

/** Lints text as if it stood in a file of the repository. */
export interface FixtureLinter {
  /** Rules that need no types; the file need not exist. */
  lint(path: string, text: string): Promise<readonly Finding[]>;
  /** All rules; the path must be that of an existing file, whose content `text` stands in for. */
  lintWithTypes(path: string, text: string): Promise<readonly Finding[]>;
}

/** Makes the project graph, which the boundary rule reads, and the two linters. */
export async function createFixtureLinter(): Promise<FixtureLinter> {
  const graph = await runNode('node_modules/nx/dist/bin/nx.js', {
    arguments: ['show', 'projects'],
    timeoutMs: GRAPH_TIMEOUT_MS,
    environment: { NX_DAEMON: 'false' },
  });
  if (graph.status !== 0) throw new Error(`Nx could not make the project graph:\n${graph.output}`);
  const untyped = new ESLint({
    cwd: REPOSITORY_ROOT,
    // The type service knows only files that exist, so the fixtures do without it.
    overrideConfig: [
      { files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked },
      { files: ['**/*.ts'], rules: { 'import-x/no-cycle': 'off' } },
    ],
  });
  // The one program of `npm run lint` shows files as they are on disk, where it takes itself for a single run, as in CI.
  const typed = new ESLint({
    cwd: REPOSITORY_ROOT,
    overrideConfig: [{ files: ['**/*.ts'], languageOptions: { parserOptions: { project: null, projectService: true } } }],
  });
  return { lint: (path, text) => findings(untyped, path, text), lintWithTypes: (path, text) => findings(typed, path, text) };
}

async function findings(eslint: ESLint, path: string, text: string): Promise<readonly Finding[]> {
  const results = await eslint.lintText(text, { filePath: join(REPOSITORY_ROOT, path), warnIgnored: true });
  return results.flatMap((result) => result.messages.map((message) => ({ rule: message.ruleId ?? 'parse', message: message.message })));
}
