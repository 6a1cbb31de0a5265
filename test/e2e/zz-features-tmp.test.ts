import { it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { startApp } from '../support/app.js';
it('x', async () => {
  const app = await startApp({ untilImported: false });
  writeFileSync('/tmp/openapi.json', JSON.stringify((await app.anonymous.get('/openapi.json')).body, null, 1));
  await app.close();
});
