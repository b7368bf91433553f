import { eslintConfig } from './tools/src/lint/config.ts';

export default eslintConfig();
