import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createCommandContext } from '../context.ts';
import { createProgram } from '../program.ts';
import { renderCliPage } from './cli-page.ts';
import { createSilentTerminal } from './silent-terminal.ts';

/** Writes docs/cli.md anew. */
const page = renderCliPage(createProgram(createCommandContext(createSilentTerminal()), '0'));
writeFileSync(resolve(import.meta.dirname, '../../../../docs/cli.md'), page);
