import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY_ROOT } from '../workspace/projects.ts';
import { CONFIGURATION_PAGE, configurationPage } from './configuration-doc.ts';

it('the page of settings is what npm run generate writes', () => {
  expect(readFileSync(join(REPOSITORY_ROOT, CONFIGURATION_PAGE), 'utf8')).toBe(configurationPage());
});

it('the page has a row for settings of processes and of topics', () => {
  const page = configurationPage();
  for (const name of ['`dataDir`', '`etcdEndpoints`', '`min.insync.replicas`', '`num.partitions`', '`scrub.period.ms`']) {
    expect(page).toContain(`| ${name} |`);
  }
});
