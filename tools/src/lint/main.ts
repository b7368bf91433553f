import { runNode } from '../process/run.ts';

/**
 * `npm run lint [-- paths and options of ESLint]`: ESLint over the paths, the whole repository by default.
 *
 * There is no cache of results: rules that look at types, at cycles and at the project graph judge a file by other
 * files, so a file that did not change may still have become wrong.
 */

/** Building the project graph and linting everything takes seconds; these limits only end what hangs. */
const GRAPH_TIMEOUT_MS = 2 * 60_000;
const LINT_TIMEOUT_MS = 10 * 60_000;

/** The boundary rule reads Nx's project graph from its cache and says nothing where there is none, so it is made first. */
async function refreshProjectGraph(): Promise<boolean> {
  // Nx itself runs us: it has just made the graph.
  if (process.env['NX_TASK_TARGET_PROJECT'] !== undefined) return true;
  const result = await runNode('node_modules/nx/dist/bin/nx.js', {
    arguments: ['show', 'projects'],
    timeoutMs: GRAPH_TIMEOUT_MS,
    environment: { NX_DAEMON: 'false' },
  });
  if (result.status !== 0) process.stderr.write(`Nx could not make the project graph:\n${result.output}\n`);
  return result.status === 0;
}

async function main(paths: readonly string[]): Promise<number> {
  if (!(await refreshProjectGraph())) return 1;
  const result = await runNode('node_modules/eslint/bin/eslint.js', {
    arguments: [...(paths.length === 0 ? ['.'] : paths), '--no-error-on-unmatched-pattern'],
    timeoutMs: LINT_TIMEOUT_MS,
    environment: { NX_DAEMON: 'false' },
    output: 'inherit',
  });
  return result.status;
}

process.exitCode = await main(process.argv.slice(2));
