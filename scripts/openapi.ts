import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { createApp } from '../src/app.setup.js';
import { createDocument } from '../src/common/openapi.js';
import { createLogger } from '../src/common/logger.js';
import { readConfig } from '../src/config/config.js';
import { Failure, main } from './main.js';

const folder = '.cache';
const documentFile = join(folder, 'openapi.json');
/** The typed client of the tests; made from the document, never by hand. */
const typesFile = join('test', 'support', 'api-schema.ts');

const banner = '// Made from the description of the API by `npm run openapi`; not to be edited.\n\n';

/** Nothing is connected to: the document is made from the classes alone. */
const settings = {
  SECRET_KEY: 'the document of the API needs no secret',
  OS_AUTH_URL: 'http://127.0.0.1:9/identity/v3',
  OS_USERNAME: 'nobody',
  OS_PASSWORD: 'nothing',
  OS_PROJECT_NAME: 'none',
  OS_USER_DOMAIN_ID: 'default',
  OS_PROJECT_DOMAIN_ID: 'default',
};

/**
 * `openapi.js`: lints the description of the API and writes the types of the typed client. With `--check` the types are compared
 * instead of written.
 */
await main(async () => {
  const isCheck = process.argv.includes('--check');
  const app = await createApp(readConfig(settings), createLogger('silent'));
  const document = createDocument(app);
  mkdirSync(folder, { recursive: true });
  writeFileSync(documentFile, JSON.stringify(document, null, 2));
  lint();
  // The document that was written: what a client would read.
  const types =
    banner + astToString(await openapiTypescript(readFileSync(documentFile, 'utf8'), { alphabetize: true }));
  if (!isCheck) writeFileSync(typesFile, types);
  else if (readFileSync(typesFile, 'utf8') !== types)
    throw new Failure(`${typesFile} is not what the description of the API says; run: npm run openapi`);
  console.log(`${typesFile} ${isCheck ? 'is' : 'was made'} as the description of the API says`);
  return 0;
});

/** @throws Failure with what the linter found. */
function lint(): void {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/@redocly/cli/bin/cli.js', 'lint', documentFile, '--max-problems', '50', '--format', 'stylish'],
    { encoding: 'utf8', env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' } },
  );
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  if (status !== 0) throw new Failure('The description of the API has errors');
}
