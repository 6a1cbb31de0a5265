import tseslint from 'typescript-eslint';

const noCycleTricks = [
  {
    name: '@nestjs/common',
    importNames: ['forwardRef'],
    message:
      'A cycle is a fact of the design: rank the modules, read rows instead of calling upward, or lift the use case to the higher module.',
  },
  {
    name: '@nestjs/core',
    importNames: ['ModuleRef'],
    message: 'Inject the class in the constructor.',
  },
];

const environment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Settings are read once, in src/config; inject Config.',
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.cache/', '.demo/', 'coverage/', 'test/support/api-schema.ts'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      'no-param-reassign': 'error',
      'max-params': 'off',
      'no-restricted-imports': ['error', { paths: noCycleTricks }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Lengths are counted in code points: [...name].length.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // A response class is the shape of a document; what is answered is a plain object of that shape.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // `size: number = 10` in a DTO: the annotation is what the framework reads.
      '@typescript-eslint/no-inferrable-types': ['error', { ignoreProperties: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: true },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/**/*.spec.ts'],
    rules: {
      'no-console': 'error',
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config/**', 'src/main.ts', 'src/**/*.spec.ts'],
    rules: { 'no-restricted-syntax': ['error', environment] },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', 'src/admin-page/assets/*.js'],
    languageOptions: { sourceType: 'module' },
    rules: { eqeqeq: 'error', 'no-var': 'error', 'prefer-const': 'error', 'no-unused-vars': 'error' },
  },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs' } },
);
