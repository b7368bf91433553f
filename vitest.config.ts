import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{apps,libs,tools,tests,bench,examples}/**/*.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/src/gen/**'],
    // A process per file: native packages and open handles of one suite never reach another.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Waiting for a suite's own clean-up; what is left then is killed.
    teardownTimeout: 10_000,
  },
});
