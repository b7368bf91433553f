import { resolve } from 'node:path';
import { generateProtocol } from './protocol.ts';

generateProtocol(resolve(import.meta.dirname, '../../..'));
