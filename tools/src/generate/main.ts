import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { generateProtocol } from './protocol.ts';

/** `npm run generate`: writes everything that is made from something else. */
const root = resolve(import.meta.dirname, '../../..');
generateProtocol(root);
// The pages are made by code that imports the protocol: only now is that as the .proto files say.
const { generateErrorsPage } = await import('./errors-doc.ts');
const { generateConfigurationPage } = await import('./configuration-doc.ts');
const { generateConnectorPages } = await import('./connector-docs.ts');
const { generateChart } = await import('./chart.ts');
generateErrorsPage(root);
generateConfigurationPage(root);
await generateConnectorPages(root);
generateChart(root);
// The command line knows its own help.
execFileSync(process.execPath, [join(root, 'apps/cli/src/docs/main.ts')], { stdio: 'inherit' });
