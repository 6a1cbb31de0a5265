// Who may import whom. Each rule says what to do instead; test/rules plants a violation of each and expects to see it named.

/** Stands below the others: it holds no row of ours, and is only read by them. */
const catalog = 'catalog';
const peers = ['user', 'key-pair', 'project', 'security-group', 'volume', 'floating-ip'];
const lowest = [catalog, ...peers];
const features = [...lowest, 'network-interface', 'server', 'auth'];

const inside = (...folders) => `^src/(${folders.join('|')})/`;
const file = (...kinds) => `\\.(${kinds.join('|')})\\.ts$`;
const library = (...names) => `(^|/)node_modules/(${names.join('|')})/`;
const spec = '\\.spec\\.ts$';

/** A folder of the kernel may use only these of src. */
const rank = (folder, ...below) => ({
  name: `kernel-${folder}`,
  severity: 'error',
  comment:
    `${folder}/ may import ${below.length === 0 ? 'nothing else of src' : `only ${below.join(', ')}`}. ` +
    'The kernel never looks upward and never names a feature: let the feature register itself, or pass what is needed as an argument.',
  from: { path: inside(folder), pathNot: spec },
  to: { path: '^src/', pathNot: inside(folder, ...below) },
});

/** A feature may use the kernel and only these other features; a repository may also join the tables (entities) of any. */
const feature = (name, folders, below, instead) => ({
  name,
  severity: 'error',
  comment: instead,
  from: { path: `^src/(${folders.join('|')})/`, pathNot: [spec, file('repository')] },
  to: {
    path: inside(...features, 'health'),
    pathNot: ['^src/$1/', ...(below.length === 0 ? [] : [inside(...below)])],
  },
});

/** Reads may cross: any repository may join any table. */
const repositoryReads = (folders, below) => ({
  name: 'feature-repository-reads',
  severity: 'error',
  comment:
    'A repository may join the table of any feature, so it may import its entity and its status words; of features that are not below its own everything else is out of reach.',
  from: { path: `^src/(${folders.join('|')})/.*${file('repository')}` },
  to: {
    path: inside(...features, 'health'),
    pathNot: ['^src/$1/', file('entity'), '-status\\.ts$', ...(below.length === 0 ? [] : [inside(...below)])],
  },
});

/** A library that only some files may import. */
const only = (name, packages, where, instead) => ({
  name,
  severity: 'error',
  comment: instead,
  from: { path: '^src/', pathNot: [spec, ...where] },
  to: { path: library(...packages) },
});

module.exports = {
  forbidden: [
    // ---- the kernel ----
    rank('common'),
    rank('config', 'common'),
    rank('database', 'common', 'config'),
    rank('openstack', 'common', 'config'),
    rank('audit', 'common', 'config', 'database'),
    rank('operation', 'common', 'config', 'database', 'openstack', 'audit'),
    rank('reconciliation', 'common', 'config', 'database', 'openstack', 'audit', 'operation'),

    // ---- the features ----
    feature(
      'feature-catalog',
      [catalog],
      [],
      'catalog imports no other feature: it stands below them all, so that a choice of flavor, image, network or volume type is checked where it is made. Let them read it.',
    ),
    feature(
      'feature-peers',
      peers,
      [catalog],
      `${peers.join(', ')} may read catalog; they do not import each other, nor what stands above them. Read the other's rows in a repository, or lift the use case to network-interface, server or auth.`,
    ),
    feature(
      'feature-network-interface',
      ['network-interface'],
      lowest,
      'network-interface may import the features below it, not server or auth. Commands go down in rank: lift the use case to server.',
    ),
    feature(
      'feature-server',
      ['server'],
      [...lowest, 'network-interface'],
      'server may import every feature but auth and health. What a route needs of the caller is in the Principal.',
    ),
    feature('feature-auth', ['auth'], ['user', 'project'], 'auth may import user and project, no other feature.'),
    repositoryReads([catalog], []),
    repositoryReads(peers, [catalog]),
    repositoryReads(['network-interface'], lowest),
    repositoryReads(['server'], [...lowest, 'network-interface']),
    repositoryReads(['auth'], ['user', 'project']),
    {
      name: 'health-is-on-top',
      severity: 'error',
      comment:
        'Nothing but the composition of the app imports health/, metrics/ or admin-page/: they look at others, which do not know of them. What a class counts it tells the registry of common/.',
      from: {
        path: '^src/',
        pathNot: ['^src/(health|metrics|admin-page)/', '^src/(main|app\\.module|app\\.setup)\\.ts$'],
      },
      to: { path: '^src/(health|metrics|admin-page)/' },
    },

    // ---- inside a feature ----
    {
      name: 'controller-asks-service',
      severity: 'error',
      comment:
        'A controller maps and delegates: it asks a service, never a repository, a client, an entity, an operation or a reconciler. Only the types of details, which services answer with, it may name.',
      from: { path: file('controller') },
      to: {
        path: ['^src/.*' + file('repository', 'client', 'entity', 'operation', 'reconciler'), '^src/openstack/'],
        pathNot: ['-details\\.repository\\.ts$'],
      },
    },
    {
      name: 'service-knows-no-http',
      severity: 'error',
      comment:
        'Services, operations and reconcilers take plain commands; DTOs and controllers belong to the edge. Map in the controller.',
      from: { path: '^src/.*' + file('service', 'operation', 'reconciler', 'transitions') },
      to: { path: ['^src/.*' + file('controller', 'dto'), library('fastify', '@nestjs/platform-fastify')] },
    },
    {
      name: 'service-names-no-entity-of-others',
      severity: 'error',
      comment: "Another feature's rows are changed through its service or repository, not through its entity.",
      from: { path: `^src/(${features.join('|')})/.*${file('service', 'operation', 'reconciler')}` },
      to: { path: inside(...features) + '.*' + file('entity'), pathNot: '^src/$1/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'repository-knows-rows-only',
      severity: 'error',
      comment:
        'A repository asks MySQL and nobody else. What needs OpenStack or a decision belongs to a service or an operation.',
      from: { path: '^src/.*' + file('repository') },
      to: {
        path: [
          '^src/.*' + file('controller', 'dto', 'service', 'client', 'operation', 'reconciler'),
          '^src/openstack/',
        ],
      },
    },
    {
      name: 'entity-is-a-leaf',
      severity: 'error',
      comment: 'An entity holds ids and columns: no relation, no other entity, no service. Join in a repository.',
      from: { path: '^src/.*' + file('entity') },
      to: {
        path: '^src/',
        pathNot: ['^src/common/', '^src/database/[^/]*columns\\.ts$', '-(status|state|kind)\\.ts$'],
      },
    },
    {
      name: 'client-speaks-openstack-only',
      severity: 'error',
      comment: "A client turns our words into calls and answers into our words. Rows and decisions are its caller's.",
      from: { path: '^src/.*' + file('client'), pathNot: '^src/openstack/' },
      to: { path: '^src/', pathNot: ['^src/(common|config|openstack)/', file('client', 'errors'), '-status\\.ts$'] },
    },
    {
      name: 'only-clients-use-the-transport',
      severity: 'error',
      comment:
        "OpenStack is called through a feature's typed client. Outside clients only its errors, calls, markers and names may be imported.",
      from: { path: inside(...features, 'health'), pathNot: [spec, file('client', 'module')] },
      to: {
        path: '^src/openstack/',
        pathNot: '^src/openstack/(openstack-errors|openstack-call|openstack-name|marker)\\.ts$',
      },
    },

    // ---- libraries ----
    only(
      'library-typeorm',
      ['typeorm', '@nestjs/typeorm', 'mysql2'],
      [file('entity', 'repository'), '^src/database/'],
      'typeorm and mysql2 belong to entities, repositories and database/. Ask a repository; for a transaction use Transaction.',
    ),
    only('library-axios', ['axios'], ['^src/openstack/'], 'axios belongs to openstack/. Use a typed client.'),
    only(
      'library-zod',
      ['zod'],
      ['^src/config/', '^src/openstack/', file('client'), '-input\\.ts$'],
      'zod belongs to config/, openstack/, clients and *-input.ts (the frozen input of an operation, read back as JSON). Requests are validated by class-validator in a DTO.',
    ),
    only(
      'library-class-validator',
      ['class-validator', 'class-transformer'],
      [file('dto'), '^src/common/'],
      'class-validator belongs to DTOs. A rule of the domain is a pure function or a check in a service.',
    ),
    only('library-yaml', ['yaml'], ['^src/config/'], 'clouds.yaml is read in config/. Inject Config.'),
    only('library-jose', ['jose'], ['^src/auth/'], 'Tokens are signed and read in auth/. Others get a Principal.'),

    // ---- everywhere ----
    {
      name: 'no-index',
      severity: 'error',
      comment: 'No index.ts: import the file that has the thing.',
      from: {},
      to: {
        path: [
          '^(src|simulator|scripts|test|bench|migrations)/.*/index\\.ts$',
          '^(src|simulator|scripts|test|bench|migrations)/index\\.ts$',
        ],
      },
    },
    {
      name: 'no-cycle',
      severity: 'error',
      comment: 'Two files that need each other are one file, or hide a third one that both need: move that out.',
      from: { path: '^(src|simulator|scripts|test|bench)/' },
      to: { circular: true },
    },
    {
      name: 'src-stands-alone',
      severity: 'error',
      comment:
        'The service never imports the simulator, tests, scripts or benchmarks. Move what is shared into src, and let them import it.',
      from: { path: '^src/', pathNot: spec },
      to: { path: '^(simulator|test|scripts|bench)/' },
    },
    {
      name: 'simulator-stands-alone',
      severity: 'error',
      comment: 'The simulator shares no code with the service: a mistake made once must not be made on both sides.',
      from: { path: '^simulator/', pathNot: spec },
      to: { path: '^(src|scripts|migrations|test|bench)/' },
    },
    {
      name: 'migration-stands-alone',
      severity: 'error',
      comment: 'A migration is SQL of its day. It must mean the same when src has moved on: write out what it needs.',
      from: { path: '^migrations/' },
      to: { path: '^(src|simulator|test|scripts|bench)/' },
    },
    {
      name: 'no-development-library',
      severity: 'error',
      comment: 'This is a devDependency: it is not there in production. Make it a dependency or do without.',
      from: { path: '^(src|simulator|migrations)/', pathNot: spec },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'not-resolvable',
      severity: 'error',
      comment: 'This import leads nowhere. Check the path; add the package to package.json.',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.cache|\\.demo)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
