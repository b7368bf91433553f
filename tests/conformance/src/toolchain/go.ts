import { cpSync, existsSync } from 'node:fs';
import { PROTO_FOLDER } from '../proto-client.ts';
import { buildFolder, CLIENTS_FOLDER, REPOSITORY_ROOT, whyNotNow } from './build-folder.ts';
import type { ForeignClient } from './foreign-client.ts';
import { runTool } from './run-tool.ts';

/** Downloading and compiling grpc-go takes most of it. */
const BUILD_TIMEOUT_MS = 300_000;
const TOOL_TIMEOUT_MS = 30_000;

/** Generators of Go code from .proto files, at the versions that match go.mod. */
const GENERATORS = ['google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12', 'google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2'];

/** Generates the stubs with buf and Go's own generators, and builds the client. */
export async function buildGoClient(): Promise<ForeignClient> {
  const reason = whyNotNow() ?? (await whyNoGo());
  if (reason !== undefined) return { kind: 'missing', reason };
  const folder = buildFolder('go');
  cpSync(`${CLIENTS_FOLDER}/go`, folder, { recursive: true });
  const binaries = `${folder}/bin`;
  for (const generator of GENERATORS) {
    if (existsSync(`${binaries}/${nameOf(generator)}`)) continue;
    const installed = await runTool('go', ['install', generator], { timeoutMs: BUILD_TIMEOUT_MS, environment: { GOBIN: binaries } });
    if (installed.status !== 0) return { kind: 'missing', reason: `go install ${generator} failed: ${lastLine(installed.output)}` };
  }
  const downloaded = await runTool('go', ['mod', 'download'], { timeoutMs: BUILD_TIMEOUT_MS, workingDirectory: folder });
  if (downloaded.status !== 0) return { kind: 'missing', reason: `grpc-go can't be downloaded: ${lastLine(downloaded.output)}` };
  await orThrow('buf generate', `${REPOSITORY_ROOT}/node_modules/.bin/buf`, generateParameters(), folder, binaries);
  await orThrow('go build', 'go', ['build', '-o', 'client', '.'], folder, binaries);
  return { kind: 'built', command: `${folder}/client`, parameters: [] };
}

function generateParameters(): readonly string[] {
  return ['generate', PROTO_FOLDER, '--template', 'buf.gen.yaml', '--path', `${PROTO_FOLDER}/moldau/v1`];
}

async function whyNoGo(): Promise<string | undefined> {
  const { status } = await runTool('go', ['version'], { timeoutMs: TOOL_TIMEOUT_MS });
  return status === 0 ? undefined : 'go is not installed';
}

async function orThrow(what: string, command: string, parameters: readonly string[], folder: string, binaries: string): Promise<void> {
  const environment = { PATH: `${binaries}:${process.env['PATH'] ?? ''}` };
  const result = await runTool(command, parameters, { timeoutMs: BUILD_TIMEOUT_MS, workingDirectory: folder, environment });
  if (result.status !== 0) throw new Error(`${what} failed:\n${result.output}`);
}

function nameOf(generator: string): string {
  return generator.slice(generator.lastIndexOf('/') + 1, generator.lastIndexOf('@'));
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? '';
}
