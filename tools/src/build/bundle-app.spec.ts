import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY_ROOT } from '../workspace/projects.ts';
import { bundleApp } from './bundle-app.ts';

const FOLDER = 'apps/cli';
/** Below the app, where the packages it needs are found; `dist` is ignored by git. */
const TARGET = join(REPOSITORY_ROOT, FOLDER, 'dist', `spec-${process.pid}`);
const BUILD_TIMEOUT_MS = 60_000;

beforeAll(() => bundleApp(FOLDER, TARGET), BUILD_TIMEOUT_MS);

afterAll(() => rmSync(TARGET, { recursive: true, force: true }));

function moldau(...argv: readonly string[]): string {
  return execFileSync(process.execPath, [join(TARGET, 'bin/moldau.js'), ...argv], { encoding: 'utf8' });
}

describe('an app as it is installed', () => {
  it('runs as plain JavaScript, with its version', () => {
    const { version } = JSON.parse(readFileSync(join(REPOSITORY_ROOT, FOLDER, 'package.json'), 'utf8')) as { version: string };
    expect(moldau('--version')).toBe(`${version}\n`);
    expect(existsSync(join(TARGET, 'src/main.ts'))).toBe(false);
  });

  it('has the server and what belongs to it, loaded when it is asked for', () => {
    expect(moldau('standalone', '--help')).toContain('--data');
    expect(existsSync(join(TARGET, 'proto/moldau/v1/gateway.proto'))).toBe(true);
  });

  it('needs packages of the registry only, at exact versions', () => {
    const { dependencies, bin } = JSON.parse(readFileSync(join(TARGET, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
      bin: Record<string, string>;
    };
    expect(bin).toEqual({ moldau: 'bin/moldau.js' });
    expect(Object.keys(dependencies)).toContain('@grpc/grpc-js');
    expect(Object.keys(dependencies).filter((name) => name.startsWith('@moldau/'))).toEqual([]);
    expect(Object.values(dependencies).filter((version) => !/^\d/.test(version))).toEqual([]);
  });
});
