import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { PROTO_FOLDER } from '../proto-client.ts';
import { buildFolder, CLIENTS_FOLDER, whyNotNow } from './build-folder.ts';
import type { ForeignClient } from './foreign-client.ts';
import { runTool } from './run-tool.ts';

/** Downloading and unpacking grpcio takes most of it. */
const INSTALL_TIMEOUT_MS = 240_000;
const GENERATE_TIMEOUT_MS = 60_000;

const PROTO_FILES = ['error', 'producer', 'fetch', 'metadata', 'admin', 'gateway'].map((name) => `moldau/v1/${name}.proto`);

/** Makes a virtual environment with the pinned grpcio, once, and generates the stubs anew. `program`: of the folder `clients/python`. */
export async function buildPythonClient(program = 'client.py'): Promise<ForeignClient> {
  const reason = whyNotNow() ?? (await whyNoPython());
  if (reason !== undefined) return { kind: 'missing', reason };
  const folder = buildFolder('python');
  const python = `${folder}/venv/bin/python`;
  const failure = await install(folder, python);
  if (failure !== undefined) return { kind: 'missing', reason: failure };
  const stubs = `${folder}/stubs`;
  mkdirSync(stubs, { recursive: true });
  const parameters = [
    '-m',
    'grpc_tools.protoc',
    `-I${PROTO_FOLDER}`,
    `--python_out=${stubs}`,
    `--grpc_python_out=${stubs}`,
    ...PROTO_FILES,
  ];
  const generated = await runTool(python, parameters, { timeoutMs: GENERATE_TIMEOUT_MS });
  if (generated.status !== 0) throw new Error(`grpcio-tools can't compile the .proto files:\n${generated.output}`);
  return { kind: 'built', command: python, parameters: [`${CLIENTS_FOLDER}/python/${program}`, stubs] };
}

async function whyNoPython(): Promise<string | undefined> {
  const { status } = await runTool('python3', ['-c', 'import venv, ensurepip'], { timeoutMs: GENERATE_TIMEOUT_MS });
  return status === 0 ? undefined : 'python3 with venv is not installed';
}

async function install(folder: string, python: string): Promise<string | undefined> {
  const wanted = `${CLIENTS_FOLDER}/python/requirements.txt`;
  const installed = `${folder}/installed.txt`;
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(wanted, 'utf8')) return undefined;
  const made = await runTool('python3', ['-m', 'venv', '--clear', `${folder}/venv`], { timeoutMs: GENERATE_TIMEOUT_MS });
  if (made.status !== 0) return `python3 -m venv failed: ${lastLine(made.output)}`;
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:', '-r', wanted];
  const result = await runTool(python, pip, { timeoutMs: INSTALL_TIMEOUT_MS });
  if (result.status !== 0) return `grpcio can't be installed: ${lastLine(result.output)}`;
  copyFileSync(wanted, installed);
  return undefined;
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? '';
}
