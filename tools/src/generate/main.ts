import { resolve } from 'node:path';
import { generateConfigurationPage } from './configuration-doc.ts';
import { generateErrorsPage } from './errors-doc.ts';
import { generateProtocol } from './protocol.ts';

/** `npm run generate`: writes everything that is made from something else. */
const root = resolve(import.meta.dirname, '../../..');
generateProtocol(root);
generateErrorsPage(root);
generateConfigurationPage(root);
