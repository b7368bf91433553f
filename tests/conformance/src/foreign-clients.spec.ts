import { readFileSync } from 'node:fs';
import { spawnStandalone } from '@moldau/harness';
import { describe, expect, it } from 'vitest';
import { CLIENTS_FOLDER } from './toolchain/build-folder.ts';
import { buildGoClient } from './toolchain/go.ts';
import { buildPythonClient } from './toolchain/python.ts';
import { runTool } from './toolchain/run-tool.ts';

/** Building, with everything downloaded for the first time, and the run. */
const TIMEOUT_MS = 900_000;
const CLIENT_TIMEOUT_MS = 60_000;

/** What is said and expected, the same for every language. */
const CONVERSATION = `${CLIENTS_FOLDER}/conversation.json`;
const { checks } = JSON.parse(readFileSync(CONVERSATION, 'utf8')) as { readonly checks: readonly string[] };

describe.each([
  { language: 'Go', build: buildGoClient },
  { language: 'Python', build: () => buildPythonClient() },
])('a client in $language made from the .proto files', ({ language, build }) => {
  it(
    'publishes, reads, understands errors, and finds health and reflection',
    async (context) => {
      const built = await build();
      if (built.kind === 'missing') return context.skip(built.reason);
      await using server = await spawnStandalone();
      const parameters = [...built.parameters, server.address, language.toLowerCase(), CONVERSATION];
      const { status, output } = await runTool(built.command, parameters, { timeoutMs: CLIENT_TIMEOUT_MS });
      expect(output).not.toContain('not ok');
      expect(status, output).toBe(0);
      for (const check of checks) expect(output.split('\n')).toContain(`ok ${check}`);
    },
    TIMEOUT_MS,
  );
});
