import manifest from '../../package.json' with { type: 'json' };

/** Version of the software that runs: all packages have the same. */
export const SOFTWARE_VERSION: string = manifest.version;
