import { resolve } from 'node:path';
import { generateErrorsPage } from './errors-doc.ts';
import { generateProtocol } from './protocol.ts';

/** `npm run generate`: writes everything that is made from something else. */
const root = resolve(import.meta.dirname, '../../..');
generateProtocol(root);
generateErrorsPage(root);
