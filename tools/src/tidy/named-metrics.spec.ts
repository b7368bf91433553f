import { describe, expect, it } from 'vitest';
import { describePlace, matchingLines, readText, repositoryFiles } from './repository-files.ts';

const METRIC = /\bmoldau_[a-z0-9_]*[a-z0-9]\b/g;

const files = repositoryFiles();
const pages = files.filter((path) => path.startsWith('docs/') && path.endsWith('.md'));

/** Every metric that the code names. */
function metricsOfCode(): ReadonlySet<string> {
  const sources = files.filter((path) => /^libs\/.*\/src\/.*\.ts$/.test(path) && !path.endsWith('.spec.ts'));
  return new Set(sources.flatMap((path) => [...readText(path).matchAll(/'(moldau_[a-z0-9_]+)'/g)].map(([, name]) => name ?? '')));
}

describe('metrics that the documents name', () => {
  const known = metricsOfCode();

  it.each(pages)('are those of the code: %s', (page) => {
    const unknown = matchingLines(page, /moldau_/).flatMap((place) =>
      [...place.text.matchAll(METRIC)].filter(([name]) => !known.has(name)).map(([name]) => describePlace({ ...place, text: name })),
    );
    expect(unknown).toEqual([]);
  });

  it('are looked for among many', () => {
    expect(known.size).toBeGreaterThan(50);
    expect(known.has('moldau_replication_alarms_total')).toBe(true);
  });
});
