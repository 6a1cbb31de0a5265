import { ConfigError } from '../src/config/config.js';
import { main } from './main.js';
import { migrate, MysqlUnusable } from './migration.js';

await main(async () => {
  const done = await migrate(process.env);
  for (const name of done) console.log(name);
  console.log(done.length === 0 ? 'the schema is up to date' : `${String(done.length)} migrations done`);
  return 0;
}, [ConfigError, MysqlUnusable]);
