import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { outputOf, run } from './command.js';
import { Keeper } from './keeper.js';
import type { MysqldProgram } from './mysql-server.js';

/** Where a distribution keeps a MySQL that is new enough: a suite newer than most machines run, or rather its packages. */
interface Distribution {
  readonly suites: readonly string[];
  readonly packages: readonly string[];
  readonly component: string;
  readonly keyring: string;
}

const distributions: Readonly<Record<string, Distribution>> = {
  debian: {
    suites: ['sid'],
    packages: ['mysql-server-core'],
    component: 'main',
    keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
  },
  ubuntu: {
    suites: ['devel'],
    packages: ['mysql-server-core', 'mysql-server-core-8.4'],
    component: 'main',
    keyring: '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
  },
};

export class DownloadError extends Error {}

/**
 * MySQL's server from the packages of Debian or Ubuntu, unpacked into the user's cache; at once when it is there already. Nothing is
 * installed and no rights are needed. The programs want a newer libc than most machines have, so they come with theirs and run by its loader.
 *
 * @throws DownloadError when this machine is no Debian or Ubuntu, or its apt cannot get the packages.
 */
export async function downloadedMysqld(report: (text: string) => void): Promise<MysqldProgram> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'openstack-cloud-api');
  const home = join(cache, 'mysql');
  if (!existsSync(join(home, 'usr'))) {
    const distribution = await thisDistribution();
    report('downloading MySQL into the cache, once (about 50 MB) …');
    await mkdir(cache, { recursive: true });
    const work = await mkdtemp(join(cache, 'mysql-'));
    const keeper = new Keeper([work]);
    try {
      await unpack(distribution, work);
      await rm(join(work, 'root', 'usr', 'bin'), { recursive: true, force: true }); // tools, a third of it all
      await putInPlace(join(work, 'root'), home);
    } finally {
      await rm(work, { recursive: true, force: true });
      keeper.close();
    }
  }
  return unpackedProgram(home);
}

async function thisDistribution(): Promise<Distribution> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const names = [...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) => (match[1] ?? '').split(' '));
  const known = names.map((name) => distributions[name]).find((distribution) => distribution !== undefined);
  if (known === undefined) throw new DownloadError('this is neither Debian nor Ubuntu');
  if (!existsSync(known.keyring)) throw new DownloadError(`${known.keyring} is missing`);
  return known;
}

/** Another process may have been faster: then its files serve as well. */
async function putInPlace(root: string, home: string): Promise<void> {
  try {
    await rename(root, home);
  } catch (error) {
    if (!existsSync(join(home, 'usr'))) throw error;
  }
}

async function unpack(distribution: Distribution, work: string): Promise<void> {
  const archive = await archiveOfThisMachine();
  for (const suite of distribution.suites) {
    const apt = await PrivateApt.create(work, { ...distribution, archive, suite });
    for (const name of distribution.packages) {
      if (await apt.unpackWithLibraries(name)) return;
    }
  }
  throw new DownloadError(`${archive} has no ${distribution.packages.join(' or ')}`);
}

/** The archive that this machine's own apt uses. Before a first `apt-get update` apt knows no origins: then the name of the release decides. */
async function archiveOfThisMachine(): Promise<string> {
  const format = '$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)';
  const targets = (await outputOf('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']))
    .split('\n')
    .map((line) => {
      const [origin = '', uri = '', release = '', component = ''] = line.split('|');
      return { origin, uri, release, component };
    });
  const own = targets.filter(({ uri, component }) => component === 'main' && !uri.includes('security'));
  const found =
    own.find(({ origin }) => origin === 'Debian' || origin === 'Ubuntu') ?? own.find(({ origin }) => origin === '');
  if (found === undefined) throw new DownloadError("this machine's apt names no archive of Debian or Ubuntu");
  return found.uri;
}

/** apt with settings, lists and a cache of its own, on a machine on which, as it believes, nothing is installed. */
class PrivateApt {
  private constructor(
    private readonly work: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async create(
    work: string,
    source: { readonly archive: string; readonly suite: string; readonly component: string; readonly keyring: string },
  ): Promise<PrivateApt> {
    for (const folder of ['lists/partial', 'archives/partial', 'packages', 'root'])
      await mkdir(join(work, folder), { recursive: true });
    await writeFile(join(work, 'status'), '');
    const { archive, suite, component, keyring } = source;
    await writeFile(join(work, 'sources.list'), `deb [signed-by=${keyring}] ${archive} ${suite} ${component}\n`);
    const settings: Readonly<Record<string, string>> = {
      'Dir::State': work,
      'Dir::State::status': join(work, 'status'),
      'Dir::State::lists': join(work, 'lists'),
      'Dir::Cache': work,
      'Dir::Cache::archives': join(work, 'archives'),
      'Dir::Log': work,
      'Dir::Etc::sourcelist': join(work, 'sources.list'),
      'Dir::Etc::sourceparts': '/dev/null',
      'Dir::Etc::preferences': '/dev/null',
      'Dir::Etc::preferencesparts': '/dev/null',
      'APT::Sandbox::User': '',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '3',
      // A mirror that stands still is old but signed.
      'Acquire::Check-Valid-Until': 'false',
    };
    const file = join(work, 'apt.conf');
    const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
    await writeFile(file, `${lines.join('\n')}\n`);
    const apt = new PrivateApt(work, { ...process.env, APT_CONFIG: file, LC_ALL: 'C' });
    await outputOf('apt-get', ['-qq', 'update'], { env: apt.env });
    return apt;
  }

  /**
   * Unpacks a package and then the libraries that it depends on, one level of dependencies after the other, until the loader finds all that
   * mysqld names: most of what the package depends on is never loaded. False when there is no such package.
   */
  async unpackWithLibraries(name: string): Promise<boolean> {
    const seen = new Set<string>();
    let level = [name];
    if ((await this.dependenciesOf(name)) === null) return false;
    while (level.length > 0) {
      for (const each of level) seen.add(each);
      await this.unpackAll(level);
      const missing = await missingLibraries(join(this.work, 'root'));
      if (missing.length === 0) return true;
      const next = (await Promise.all(level.map(async (each) => this.dependenciesOf(each)))).flatMap(
        (names) => names ?? [],
      );
      level = [...new Set(next)].filter((each) => each.startsWith('lib') && !seen.has(each));
    }
    throw new DownloadError(
      `libraries of ${name} are missing: ${(await missingLibraries(join(this.work, 'root'))).join(', ')}`,
    );
  }

  private async dependenciesOf(name: string): Promise<readonly string[] | null> {
    const only = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
      (kind) => `--no-${kind}`,
    );
    const result = await run('apt-cache', ['depends', ...only, name], { env: this.env });
    if (result.exitCode !== 0 || result.stdout === '') return null;
    return [...result.stdout.matchAll(/^ [ |]?(?:Pre)?Depends: ([a-z0-9][a-z0-9.+-]*)/gm)].map(
      (match) => match[1] ?? '',
    );
  }

  private async unpackAll(names: readonly string[]): Promise<void> {
    const packages = join(this.work, 'packages');
    await outputOf('apt-get', ['-qq', 'download', ...names], { env: this.env, cwd: packages });
    for (const file of await readdir(packages)) {
      await outputOf('dpkg-deb', ['--extract', join(packages, file), join(this.work, 'root')]);
      await rm(join(packages, file));
    }
  }
}

/** Names of the libraries that mysqld wants and that are not unpacked; all of them before the loader itself is there. */
async function missingLibraries(root: string): Promise<readonly string[]> {
  const files = await findUnpacked(root);
  if (files === null) return ['the loader'];
  const { stdout, stderr } = await run(files.loader, ['--library-path', files.libraries, '--list', files.mysqld]);
  return [...`${stdout}${stderr}`.matchAll(/(\S+) => not found|(\S+): cannot open shared object/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
}

interface Unpacked {
  readonly mysqld: string;
  readonly loader: string;
  readonly libraries: string;
}

async function findUnpacked(root: string): Promise<Unpacked | null> {
  const usr = join(root, 'usr');
  const folders = existsSync(join(usr, 'lib')) ? await readdir(join(usr, 'lib')) : [];
  const libraries = folders.filter((name) => name.endsWith('-linux-gnu')).map((name) => join(usr, 'lib', name));
  for (const folder of libraries) {
    const loader = (await readdir(folder)).find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
    if (loader !== undefined)
      return { mysqld: join(usr, 'sbin', 'mysqld'), loader: join(folder, loader), libraries: libraries.join(':') };
  }
  return null;
}

async function unpackedProgram(home: string): Promise<MysqldProgram> {
  const files = await findUnpacked(home);
  if (files === null || !existsSync(files.mysqld)) {
    throw new DownloadError(`${home} is not complete; remove it, and it will be made again`);
  }
  const share = join(dirname(dirname(files.mysqld)), 'share', 'mysql');
  return {
    command: files.loader,
    args: ['--library-path', files.libraries, files.mysqld],
    flags: [
      `--basedir=${home}`,
      `--lc-messages-dir=${share}`,
      `--character-sets-dir=${join(share, 'charsets')}`,
      '--secure-file-priv=NULL',
    ],
  };
}
