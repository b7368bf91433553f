import { describe, expect, it } from 'vitest';
import { parseCaseResults } from './case-result.ts';
import { changedFiles } from './generated-files.ts';
import { count, countLine } from './stage.ts';

describe('the count of npm test', () => {
  it('counts each stage as one test and adds the tests in it', () => {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    count(counts, { passed: true, summary: '', output: '' });
    count(counts, {
      passed: false,
      summary: '',
      output: '',
      cases: [
        { state: 'passed', name: 'a' },
        { state: 'failed', name: 'b' },
        { state: 'skipped', name: 'c', reason: 'no etcd here' },
      ],
    });
    expect(countLine(counts)).toBe('2 passed, 2 failed, 1 skipped');
  });
});

describe('the results of single tests', () => {
  it('are read line by line, and a line cut off by a kill is left out', () => {
    const lines = '{"state":"passed","name":"a"}\n{"state":"skipped","name":"b","reason":"no etcd here"}\n{"state":"fai';
    expect(parseCaseResults(lines)).toEqual([
      { state: 'passed', name: 'a' },
      { state: 'skipped', name: 'b', reason: 'no etcd here' },
    ]);
  });
});

describe('changed files', () => {
  it('are those added, removed and written differently', () => {
    const before = new Map(Object.entries({ same: '1', removed: '1', changed: '1' }));
    const after = new Map(Object.entries({ same: '1', changed: '2', added: '1' }));
    expect(changedFiles(before, after)).toEqual(['added', 'changed', 'removed']);
  });
});
