import { describe, expect, it } from 'vitest';
import { type PackageManifest, readJson } from '../workspace/projects.ts';
import { foreignEntry, type LockPackages, missingOptionals, withForeignPlatforms } from './foreign-platforms.ts';

describe('package-lock.json', () => {
  const { packages } = readJson<{ readonly packages: LockPackages }>('package-lock.json');

  it('names the optional packages of every platform; if not, run npm run lockfile', () => {
    expect(missingOptionals(packages)).toEqual([]);
  });

  it('asks for what the manifests ask for; if not, run npm install', () => {
    const folders = Object.keys(packages).filter((path) => !path.includes('node_modules/'));
    for (const folder of folders) {
      const manifest = readJson<PackageManifest>(folder === '' ? 'package.json' : `${folder}/package.json`);
      const locked = packages[folder] as PackageManifest;
      expect({ folder, ...wanted(locked) }).toEqual({ folder, ...wanted(manifest) });
    }
  });

  function wanted({ dependencies = {}, devDependencies = {}, optionalDependencies = {} }: PackageManifest): object {
    return { dependencies, devDependencies, optionalDependencies };
  }
});

describe('the entry of an optional package of another platform', () => {
  it.each([
    ['@esbuild/darwin-arm64', { cpu: ['arm64'], os: ['darwin'] }],
    ['@biomejs/cli-linux-x64-musl', { cpu: ['x64'], libc: ['musl'], os: ['linux'] }],
    ['@oxc-parser/binding-linux-arm-gnueabihf', { cpu: ['arm'], libc: ['glibc'], os: ['linux'] }],
    ['@bufbuild/buf-linux-armv7', { cpu: ['arm'], os: ['linux'] }],
    ['@oxc-parser/binding-wasm32-wasi', { cpu: ['wasm32'] }],
  ])('%s is read from its name', (name, platform) => {
    expect(foreignEntry(name, '1.2.3', false)).toEqual({ version: '1.2.3', optional: true, ...platform });
  });

  it('is not guessed where the name tells nothing or the version is a range', () => {
    expect(() => foreignEntry('fsevents', '2.3.3', false)).toThrow(/tells no platform/);
    expect(() => foreignEntry('@esbuild/darwin-arm64', '^1.0.0', false)).toThrow(/is a range/);
  });

  it('is added only where Node would find none', () => {
    const packages: LockPackages = {
      'node_modules/one': {
        version: '1.0.0',
        optionalDependencies: { 'thing-darwin-x64': '1.0.0', 'thing-linux-x64': '1.0.0' },
        dev: true,
      },
      'node_modules/one/node_modules/thing-linux-x64': { version: '1.0.0', optional: true },
    };
    expect(missingOptionals(packages)).toEqual([{ name: 'thing-darwin-x64', version: '1.0.0', dev: true }]);
    expect(missingOptionals(withForeignPlatforms(packages))).toEqual([]);
  });
});
