// Brings a checkout into a state that can run: dependencies as the lockfile says, `dist/` as the sources say. Prints nothing when there is
// nothing to do. Plain JavaScript on Node's own modules, since nothing else is there yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const built = ['src', 'simulator', 'scripts', 'migrations', 'bench', 'test/crash', 'test/fuzz', 'test/support'];
const settings = ['package.json', 'package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];
const stamp = join(root, 'dist', '.built-from');

requireNode();
if (!isInstalled()) install();
const fingerprint = fingerprintOfSources();
if (!isBuilt(fingerprint)) build(fingerprint);

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 20)) return;
  fail(`Node 20.20 or newer is needed; this is ${process.versions.node}.`);
}

/** npm writes node_modules/.package-lock.json last, so it tells what a complete installation was made from. */
function isInstalled() {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const present = packagesOf(hidden);
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || (present[path] === undefined ? optional === true : present[path].version === version),
  );
}

function packagesOf(lockfile) {
  try {
    return JSON.parse(readFileSync(lockfile, 'utf8')).packages;
  } catch (error) {
    return fail(`${lockfile} cannot be read: ${error.message}`);
  }
}

function install() {
  say('installing the dependencies …');
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (npm.error) fail(`npm could not be started: ${npm.error.message}`);
  if (npm.status === 0) return;
  const reasons = npm.stderr
    .split('\n')
    .filter((line) => line.startsWith('npm error') && !line.includes('complete log'));
  fail(
    `npm ci failed: ${reasons.map((line) => line.replace(/^npm error ?/, '')).join(' ') || `exit code ${npm.status}`}`,
  );
}

function fingerprintOfSources() {
  const hash = createHash('sha256');
  for (const file of [...settings, ...built.flatMap(sourcesIn)].sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

function sourcesIn(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && /\.(ts|html|css|js)$/.test(entry.name) && !/\.(spec|test)\.ts$/.test(entry.name),
    )
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1));
}

function isBuilt(wanted) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
}

function build(from) {
  say('building …');
  const nest = spawnSync(
    process.execPath,
    ['node_modules/@nestjs/cli/bin/nest.js', 'build', '-p', 'tsconfig.build.json'],
    {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  if (nest.error) fail(`the build could not be started: ${nest.error.message}`);
  if (nest.status !== 0) fail(`the build failed:\n${`${nest.stdout}${nest.stderr}`.trim()}`);
  writeFileSync(stamp, from);
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}
