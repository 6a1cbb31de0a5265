import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import ts from 'typescript';

/**
 * Compiles files for Jest one by one, with the compiler of the build, into CommonJS: so Jest needs no flags of Node's, and packages that come
 * as ES modules alone load like our own files.
 */
const options = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.CommonJS,
  esModuleInterop: true,
  allowJs: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  useDefineForClassFields: false,
  inlineSourceMap: true,
  inlineSources: true,
};

/** Of everything but the file that decides what comes out. */
const version = createHash('sha256')
  .update(ts.version)
  .update(readFileSync(import.meta.filename))
  .digest('hex');

export default {
  process(source, path) {
    // Fields of packages are set as the language says; jose's errors call super() in a place that the older way cannot see.
    const compilerOptions = { ...options, useDefineForClassFields: path.includes('/node_modules/') };
    const { outputText } = ts.transpileModule(withoutImportMeta(source), { fileName: path, compilerOptions });
    return { code: outputText };
  },
  getCacheKey(source, path) {
    return createHash('sha256').update(version).update(`\0${path}\0`).update(source).digest('hex');
  },
};

/** What a CommonJS module has in its place; the compiler leaves it as it is. */
function withoutImportMeta(source) {
  return source
    .replace('const require = createRequire(import.meta.url);', '')
    .replaceAll('import.meta.url', "('file://' + encodeURI(__filename))")
    .replaceAll('import.meta.dirname', '__dirname')
    .replaceAll('import.meta.filename', '__filename');
}
