import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** Files with an import that the rule forbids; where two are given, the first imports the second. */
const planted: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'kernel-common': { 'src/common/planted.ts': '../config/config.js' },
  'kernel-config': { 'src/config/planted.ts': '../database/transaction.js' },
  'kernel-database': { 'src/database/planted.ts': '../openstack/openstack-call.js' },
  'kernel-openstack': { 'src/openstack/planted.ts': '../database/transaction.js' },
  'kernel-audit': { 'src/audit/planted.ts': '../operation/operation-state.js' },
  'kernel-operation': { 'src/operation/planted.ts': '../server/server-status.js' },
  'kernel-reconciliation': { 'src/reconciliation/planted.ts': '../volume/volume-status.js' },
  'feature-catalog': { 'src/catalog/planted.ts': '../project/project.entity.js' },
  'feature-peers': { 'src/volume/planted.ts': '../user/user.entity.js' },
  'feature-network-interface': { 'src/network-interface/planted.ts': '../server/server-status.js' },
  'feature-server': { 'src/server/planted.ts': '../auth/session.entity.js' },
  'feature-auth': { 'src/auth/planted.ts': '../volume/volume-status.js' },
  'feature-repository-reads': { 'src/volume/planted.repository.ts': '../server/planted.js' },
  'health-is-on-top': { 'src/user/planted-health.ts': '../health/planted.js', 'src/health/planted.ts': '' },
  'controller-asks-service': { 'src/server/planted.controller.ts': './server.entity.js' },
  'service-knows-no-http': { 'src/server/planted.service.ts': './planted.dto.js', 'src/server/planted.dto.ts': '' },
  'service-names-no-entity-of-others': { 'src/server/planted-rows.service.ts': '../volume/volume.entity.js' },
  'repository-knows-rows-only': { 'src/server/planted.repository.ts': './planted.service.js' },
  'entity-is-a-leaf': { 'src/server/planted.entity.ts': '../volume/volume.entity.js' },
  'client-speaks-openstack-only': { 'src/server/planted.client.ts': './server.entity.js' },
  'only-clients-use-the-transport': {
    'src/server/planted-call.ts': '../openstack/planted-transport.js',
    'src/openstack/planted-transport.ts': '',
  },
  'library-typeorm': { 'src/server/planted-typeorm.ts': 'typeorm' },
  'library-axios': { 'src/server/planted-axios.ts': 'axios' },
  'library-zod': { 'src/server/planted-zod.ts': 'zod' },
  'library-class-validator': { 'src/server/planted-validator.ts': 'class-validator' },
  'library-yaml': { 'src/openstack/planted-yaml.ts': 'yaml' },
  'library-jose': { 'src/user/planted-jose.ts': 'jose' },
  'no-index': { 'src/server/planted-barrel.ts': './index.js', 'src/server/index.ts': '' },
  'no-cycle': { 'src/server/planted-one.ts': './planted-other.js', 'src/server/planted-other.ts': './planted-one.js' },
  'src-stands-alone': { 'src/server/planted-simulator.ts': '../../simulator/planted.js' },
  'simulator-stands-alone': { 'simulator/planted.ts': '../src/server/server-status.js' },
  'migration-stands-alone': { 'migrations/planted.ts': '../src/server/server-status.js' },
  'no-development-library': { 'src/server/planted-development.ts': 'testcontainers' },
  'not-resolvable': { 'src/server/planted-nowhere.ts': './nowhere.js' },
};

/** Lines that the linter must refuse in src, with what it must say. */
const refused = {
  'forwardRef(': {
    text: "import { forwardRef } from '@nestjs/common';\nexport const planted = forwardRef;\n",
    says: /rank the modules/,
  },
  ModuleRef: {
    text: "import { ModuleRef } from '@nestjs/core';\nexport const planted = ModuleRef;\n",
    says: /in the constructor/,
  },
  'process.env': { text: "export const planted = process.env['HOME'];\n", says: /src\/config/ },
  console: { text: "console.log('planted');\n", says: /console/ },
  'a promise that nobody awaits': { text: 'async function work(): Promise<void> {}\nwork();\n', says: /[Pp]romise/ },
  'a cast': { text: "export const planted = JSON.parse('1') as number;\n", says: /assertion/ },
};

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

const root = process.cwd();
const config = '.dependency-cruiser.cjs';
const rules = (
  createRequire(join(root, 'package.json'))(`./${config}`) as { forbidden: { name: string; comment: string }[] }
).forbidden;

describe('the import rules', () => {
  let copy: string;
  let violations: readonly Violation[];

  beforeAll(() => {
    copy = copyOfTheProject();
    for (const files of Object.values(planted)) {
      for (const [file, target] of Object.entries(files)) {
        write(
          copy,
          file,
          target === ''
            ? 'export const planted = 1;\n'
            : `import * as planted from '${target}';\nexport { planted };\n`,
        );
      }
    }
    const cruised = execute(copy, 'dependency-cruiser/bin/dependency-cruise.mjs', [
      ...['--config', config, '--output-type', 'json'],
      ...['src', 'simulator', 'migrations'],
    ]);
    violations = (JSON.parse(cruised) as { summary: { violations: Violation[] } }).summary.violations;
  }, 60_000);

  afterAll(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  it.each(rules.map(({ name }) => name))('%s names a planted import', (name) => {
    const files = Object.keys(planted[name] ?? {});
    expect(files).not.toHaveLength(0);
    expect(violations.filter(({ rule, from }) => rule.name === name && files.includes(from))).not.toHaveLength(0);
  });

  it('say what to do instead, all of them', () => {
    expect(rules.filter(({ comment }) => comment.length < 40).map(({ name }) => name)).toEqual([]);
  });
});

describe('the linter', () => {
  let copy: string;
  let messages: ReadonlyMap<string, readonly string[]>;
  const files = Object.keys(refused).map((name, index) => [name, `src/server/planted-${String(index)}.ts`] as const);

  beforeAll(() => {
    copy = copyOfTheProject();
    for (const [name, file] of files) write(copy, file, refused[name as keyof typeof refused].text);
    const linted = execute(copy, 'eslint/bin/eslint.js', ['--format', 'json', ...files.map(([, file]) => file)]);
    const results = JSON.parse(linted) as { filePath: string; messages: { message: string }[] }[];
    messages = new Map(results.map((result) => [result.filePath, result.messages.map(({ message }) => message)]));
  }, 120_000);

  afterAll(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  it.each(files)('refuses %s', (name, file) => {
    const said = [...messages].find(([path]) => path.endsWith(file))?.[1] ?? [];
    expect(said.join('\n')).toMatch(refused[name as keyof typeof refused].says);
  });
});

function copyOfTheProject(): string {
  const copy = mkdtempSync(join(tmpdir(), 'cloud-api-rules-'));
  for (const part of ['src', 'migrations', 'simulator', 'package.json', 'tsconfig.json', 'eslint.config.mjs', config]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

function write(copy: string, file: string, text: string): void {
  mkdirSync(dirname(join(copy, file)), { recursive: true });
  writeFileSync(join(copy, file), text);
}

function execute(copy: string, program: string, args: readonly string[]): string {
  const result = spawnSync(process.execPath, [join(root, 'node_modules', program), ...args], {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (!result.stdout.startsWith('{') && !result.stdout.startsWith('['))
    throw new Error(`${result.stdout}${result.stderr}`);
  return result.stdout;
}
