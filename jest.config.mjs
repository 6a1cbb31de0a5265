/** Packages that come as ES modules alone: Jest gets them as CommonJS, like our own files. */
const esmPackages = [
  '@nestjs',
  'axios',
  'content-disposition',
  'cookie',
  'file-type',
  'jose',
  'load-esm',
  'strtok3',
  'token-types',
  'uint8array-extras',
];

const common = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1', '$1.js'] },
  transform: { '^.+\\.(ts|js|mjs)$': '<rootDir>/test/support/typescript-transform.mjs' },
  transformIgnorePatterns: [`/node_modules/(?!(${esmPackages.join('|')})/)`],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.demo/'],
  injectGlobals: false,
};

const withMysql = {
  globalSetup: '<rootDir>/test/support/jest-global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/jest-global-teardown.mjs',
};

/** A project for each suite of `npm test -- NAME`. */
const project = (displayName, testMatch, more = {}) => ({ ...common, displayName, testMatch, ...more });

export default {
  testTimeout: 30_000,
  maxWorkers: 2,
  // An app that booted leaves about 20 MB behind; a worker that holds too much is replaced between two files.
  workerIdleMemoryLimit: '384MB',
  // One that is being replaced after its last file, or gives so much back, needs more than the half second that Jest leaves it.
  workerGracefulExitTimeout: 10_000,
  projects: [
    project('unit', ['<rootDir>/{src,simulator,scripts}/**/*.spec.ts']),
    project('rules', ['<rootDir>/test/rules/**/*.test.ts']),
    project('migrations', ['<rootDir>/test/migrations/**/*.test.ts'], withMysql),
    project('cloud', ['<rootDir>/test/cloud/**/*.test.ts'], withMysql),
    project('e2e', ['<rootDir>/test/e2e/**/*.test.ts'], withMysql),
  ],
};
