import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.ts';

/** The etcd of chart and compose file. */
const VERSION = 'v3.6.16';
const BUILD_TIMEOUT_MS = 20 * 60_000;

/** A server, and the tool that restores snapshots with a higher revision: Debian's are too old for that. */
export interface EtcdPrograms {
  readonly etcd: string;
  readonly etcdutl: string;
}

/** Programs of a module of our own, as those of etcd can't be installed by their path. */
const SOURCES: Readonly<Record<string, string>> = {
  'etcd/main.go': `package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
`,
  'etcdutl/main.go': `package main

import (
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/etcdutl/v3/etcdutl"
)

func main() {
	root := &cobra.Command{Use: "etcdutl", SilenceUsage: true}
	root.PersistentFlags().StringVarP(&etcdutl.OutputFormat, "write-out", "w", "simple", "output format")
	root.AddCommand(etcdutl.NewSnapshotCommand())
	if root.Execute() != nil {
		os.Exit(1)
	}
}
`,
};

/** Where built ones are kept from one checkout to the next. */
function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'moldau', `etcd-${VERSION}`);
}

/** The programs, where they were built before. */
export function findEtcdPrograms(): EtcdPrograms | undefined {
  const [etcd, etcdutl] = [join(cacheFolder(), 'etcd'), join(cacheFolder(), 'etcdutl')];
  return existsSync(etcd) && existsSync(etcdutl) ? { etcd, etcdutl } : undefined;
}

/** Builds them from their sources, once for all checkouts. Takes minutes. Answers with why it could not; undefined: they are there. */
export async function buildEtcdPrograms(): Promise<string | undefined> {
  if ((await run('go', ['version'])).status !== 0) return 'Go is not installed';
  const sources = join(cacheFolder(), 'src');
  for (const [path, text] of Object.entries({ ...SOURCES, 'go.mod': 'module example.org/etcd-for-tests\n\ngo 1.26\n' })) {
    mkdirSync(join(sources, path, '..'), { recursive: true });
    writeFileSync(join(sources, path), text);
  }
  process.stdout.write(`builds etcd ${VERSION} into ${cacheFolder()}: some minutes, once\n`);
  const steps = [
    `go get go.etcd.io/etcd/server/v3@${VERSION} go.etcd.io/etcd/etcdutl/v3@${VERSION}`,
    'go mod tidy',
    `go build -o '${cacheFolder()}/' ./etcd ./etcdutl`,
  ];
  const { status, out } = await run('sh', ['-c', `cd '${sources}' && ${steps.join(' && ')}`], { timeoutMs: BUILD_TIMEOUT_MS });
  return status === 0 ? undefined : `go build failed: ${out.trim().split('\n').at(-1) ?? ''}`;
}
