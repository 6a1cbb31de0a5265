import { parseArgs } from 'node:util';
import { startDatabase } from '../../scripts/database.js';
import { closingLine } from '../../scripts/tally.js';
import type { CaseResult } from './case-result.js';
import { drawnCases, failpointCases, failpoints, nameOf } from './failpoints.js';
import { outage } from './outage.js';
import { pauses } from './pauses.js';
import { racesAmong } from './races.js';
import { randomKills } from './random-kills.js';
import { SeededRandom } from './seeded-random.js';
import { sweeps } from './sweeps.js';

/**
 * `run.js [--kills N] [--seed S] [--replicas R] [--failpoints [--only PART]] [--pauses] [--sweeps] [--races ROUNDS [--only PART]]
 * [--outage [--outage-seconds N]]`. What is named is run; without arguments, everything. The last line is `N passed, N failed`.
 */
const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    seed: { type: 'string', default: '1' },
    replicas: { type: 'string', default: '3' },
    failpoints: { type: 'boolean', default: false },
    only: { type: 'string' },
    pauses: { type: 'boolean', default: false },
    sweeps: { type: 'boolean', default: false },
    races: { type: 'string' },
    outage: { type: 'boolean', default: false },
    'outage-seconds': { type: 'string', default: '600' },
    all: { type: 'boolean', default: false },
  },
});

const { failpoints: wantsFailpoints, pauses: wantsPauses, sweeps: wantsSweeps } = values;
const isNamed =
  [values.kills, values.races].some((value) => value !== undefined) ||
  [wantsFailpoints, wantsPauses, wantsSweeps, values.outage].includes(true);
const everything = values.all || !isNamed;
const database = await startDatabase({
  durable: true,
  report: (text) => {
    console.log(text);
  },
});
const results: CaseResult[] = [];
try {
  if (wantsFailpoints || everything) {
    const { only } = values;
    results.push(
      ...(await failpoints(
        database,
        (wantsFailpoints ? failpointCases() : drawnCases(new SeededRandom(Number(values.seed)))).filter(
          (one) => only === undefined || nameOf(one).includes(only),
        ),
      )),
    );
  }
  if (wantsPauses || everything) results.push(...(await pauses(database)));
  if (wantsSweeps || everything) results.push(...(await sweeps(database, Number(values.seed))));
  // On demand: a hundred rounds take their time.
  if (values.races !== undefined) {
    const rounds = Number(values.races);
    const options = { rounds, replicas: Number(values.replicas), parallel: 50, only: values.only ?? '' };
    results.push(...(await racesAmong(database, options)));
  }
  // On demand: ten minutes are ten minutes.
  if (values.outage) {
    const options = { seconds: Number(values['outage-seconds']), replicas: Number(values.replicas), operations: 500 };
    results.push(...(await outage(database, options)));
  }
  if (values.kills !== undefined || everything) {
    const options = {
      kills: Number(values.kills ?? '40'),
      seed: Number(values.seed),
      replicas: Number(values.replicas),
    };
    results.push(...(await randomKills(database, options)));
  }
} finally {
  await database.stop();
}
const failed = results.filter((result) => result.problems.length > 0);
for (const { name, problems } of failed) console.log(`\nFAILED ${name}\n  ${problems.slice(0, 20).join('\n  ')}`);
const cannotKillMysql = (wantsPauses || everything) && database.crash === null;
if (cannotKillMysql)
  console.log('skipped: MySQL killed and started again, since the one of DB_HOST is not ours to kill');
const skipped = cannotKillMysql ? 1 : 0;
console.log(closingLine({ passed: results.length - failed.length, failed: failed.length, skipped }));
process.exitCode = failed.length === 0 ? 0 : 1;
