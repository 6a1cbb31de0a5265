import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { untilMysqlAnswers, type MysqlAccess } from './mysql-server.js';
import { freePort } from './port.js';

const image = 'mysql:9';

/** Whether a Docker engine answers where Docker's own programs would look for it. */
export async function dockerAnswers(): Promise<boolean> {
  try {
    return (await askDocker('GET', '/_ping')) === 200;
  } catch {
    return false; // no engine is the usual case, not a failure
  }
}

async function askDocker(method: 'GET' | 'POST', path: string): Promise<number> {
  const place = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
  const url = new URL(place);
  const where = url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: url.port };
  return new Promise((resolve, reject) => {
    const call = request({ ...where, method, path, timeout: 10_000 }, (answer) => {
      answer.resume();
      answer.on('end', () => {
        resolve(answer.statusCode ?? 0);
      });
    });
    call.on('timeout', () => call.destroy(new Error('Docker does not answer')));
    call.on('error', reject);
    call.end();
  });
}

/** MySQL in a container; it is removed when this process ends. Data are in memory unless `durable`. */
export class ContainerMysql implements MysqlAccess {
  readonly user = 'root';

  private constructor(
    readonly host: string,
    readonly port: number,
    readonly password: string,
    private readonly id: string,
    private readonly remove: () => Promise<unknown>,
  ) {}

  static async create(options: { readonly durable: boolean }): Promise<ContainerMysql> {
    // Development only: a production installation has no testcontainers, and must be able to load this file.
    const { GenericContainer } = await import('testcontainers');
    const password = randomBytes(18).toString('hex');
    const quick = ['--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=OFF', '--skip-log-bin'];
    const common = ['--mysqlx=OFF', '--performance-schema=OFF', '--innodb-buffer-pool-size=64M'];
    // A fixed port: another one after a restart would be of no use.
    const container = new GenericContainer(image)
      .withEnvironment({ MYSQL_ROOT_PASSWORD: password })
      .withExposedPorts({ container: 3306, host: await freePort() })
      .withCommand(options.durable ? common : [...common, ...quick]);
    const started = await (options.durable ? container : container.withTmpFs({ '/var/lib/mysql': 'rw' })).start();
    const server = new ContainerMysql(
      started.getHost(),
      started.getMappedPort(3306),
      password,
      started.getId(),
      async () => started.stop({ timeout: 0 }),
    );
    try {
      await untilMysqlAnswers(server);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async start(): Promise<void> {
    await this.order('start');
    await untilMysqlAnswers(this);
  }

  async kill(): Promise<void> {
    await this.order('kill');
  }

  async stop(): Promise<void> {
    await this.remove();
  }

  private async order(what: 'start' | 'kill'): Promise<void> {
    const status = await askDocker('POST', `/containers/${this.id}/${what}`);
    if (status >= 300) throw new Error(`Docker refused to ${what} MySQL's container (${String(status)})`);
  }
}
