import { expect, it } from 'vitest';
import { runNode } from '../process/run.ts';

const KNIP_TIMEOUT_MS = 120_000;

/** What knip.json has knip look for, as its lines of output. */
async function knip(...options: readonly string[]): Promise<string> {
  const result = await runNode('node_modules/knip/bin/knip.js', {
    arguments: ['--no-progress', '--no-config-hints', ...options],
    timeoutMs: KNIP_TIMEOUT_MS,
    environment: { NO_COLOR: '1' },
  });
  return result.output.trim();
}

it(
  'no file is without a use outside the tests',
  async () => {
    expect(await knip('--production', '--include', 'files')).toBe('');
  },
  KNIP_TIMEOUT_MS,
);

it(
  'no export, no type and no dependency is without a use',
  async () => {
    expect(await knip('--include', 'files,dependencies,unlisted,unresolved,exports,types,duplicates')).toBe('');
  },
  KNIP_TIMEOUT_MS,
);
