import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { generateConfigurationPage } from './configuration-doc.ts';
import { generateErrorsPage } from './errors-doc.ts';
import { generateProtocol } from './protocol.ts';

/** `npm run generate`: writes everything that is made from something else. */
const root = resolve(import.meta.dirname, '../../..');
generateProtocol(root);
generateErrorsPage(root);
generateConfigurationPage(root);
// The command line knows its own help.
execFileSync(process.execPath, [join(root, 'apps/cli/src/docs/main.ts')], { stdio: 'inherit' });
