import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contractTable } from './contract-table.js';
import { Failure, main } from './main.js';
import { closingLine, readClosingLine, sum, type Tally } from './tally.js';

const jestSuites = ['unit', 'rules', 'migrations', 'cloud', 'e2e'];
const crashSuite = 'crash';
/** A fixed seed: the same run each time. `npm run test:crash -- --seed S` explores. */
const crashArguments = ['--all', '--kills', '40', '--seed', '1'];
const fuzzSuite = 'fuzz';
const fuzzArguments = ['--requests', '600', '--seed', '1'];

await main(test);

/** `test.js [SUITE …] [PATTERN …]`: every suite, or the named ones; what is not a suite chooses test files by their path. */
async function test(): Promise<number> {
  const all = [...jestSuites, fuzzSuite, crashSuite];
  const words = process.argv.slice(2);
  const option = words.find((word) => word.startsWith('-'));
  if (option !== undefined)
    throw new Failure(`${option} is not known. Usage: npm test -- [${all.join('|')}] [part of a file's path]`);
  const named = words.filter((word) => all.includes(word));
  const patterns = words.filter((word) => !all.includes(word));
  const suites = named.length === 0 ? (patterns.length === 0 ? all : jestSuites) : named;

  const tallies: Tally[] = [];
  const ofJest = jestSuites.filter((suite) => suites.includes(suite));
  const records = await mkdtemp(join(tmpdir(), 'cloud-api-contract-'));
  try {
    if (ofJest.length > 0) tallies.push(await runJest(ofJest, patterns, named.includes('cloud'), records));
    // Only all of them together can have seen everything.
    if (ofJest.includes('e2e') && patterns.length === 0) tallies.push(await contractTable(records));
  } finally {
    await rm(records, { recursive: true, force: true });
  }
  if (suites.includes(fuzzSuite)) tallies.push(await runProgram('dist/test/fuzz/run.js', fuzzArguments));
  if (suites.includes(crashSuite)) tallies.push(await runProgram('dist/test/crash/run.js', crashArguments));
  const total = sum(tallies);
  console.log(closingLine(total));
  return total.failed === 0 ? 0 : 1;
}

/** Only who asks for the cloud suite by name gets a real OpenStack, should OS_CLOUD name one. */
async function runJest(
  suites: readonly string[],
  patterns: readonly string[],
  mayUseRealCloud: boolean,
  records: string,
): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'cloud-api-test-'));
  const results = join(folder, 'results.json');
  const given = mayUseRealCloud
    ? process.env
    : Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OS_')));
  const env = { ...given, CONTRACT_RECORDS: records };
  try {
    const { exitCode } = await runNode(
      [
        'node_modules/jest/bin/jest.js',
        ...patterns,
        '--json',
        `--outputFile=${results}`,
        '--selectProjects',
        ...suites,
      ],
      env,
      'ignore',
    );
    const tally = await readJestResults(results);
    // Jest may fail without a failed test: a broken set-up, a worker that died, no test found.
    return exitCode !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface JestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

async function readJestResults(file: string): Promise<Tally> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return { passed: 0, failed: 1, skipped: 0 };
  const results = JSON.parse(text) as JestResults;
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

/** One that prints a closing line of its own. */
async function runProgram(file: string, args: readonly string[]): Promise<Tally> {
  const { exitCode, output } = await runNode([file, ...args], process.env, 'tee');
  const tally = readClosingLine(output) ?? { passed: 0, failed: 1, skipped: 0 };
  return exitCode !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

/** `tee`: what it prints is shown and collected; `ignore`: only its stderr is shown. */
async function runNode(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdout: 'tee' | 'ignore',
): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      env,
      stdio: ['ignore', stdout === 'tee' ? 'pipe' : 'ignore', 'inherit'],
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      process.stdout.write(text);
    });
    child.on('error', reject);
    child.on('close', (exitCode) => {
      resolve({ exitCode, output });
    });
  });
}
