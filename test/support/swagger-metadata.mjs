import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PluginMetadataGenerator } from '@nestjs/cli/lib/compiler/plugins/plugin-metadata-generator.js';
import { ReadonlyVisitor } from '@nestjs/swagger/plugin';
import ts from 'typescript';

/**
 * Writes what the Swagger plugin would add to DTOs and controllers during a build, as a module for `SwaggerModule.loadPluginMetadata`, and
 * returns its path. Does nothing while their sources stay the same. Against the build only the order of the values of an enum may differ.
 */
export function generateSwaggerMetadata(root) {
  const settings = JSON.parse(readFileSync(join(root, 'nest-cli.json'), 'utf8')).compilerOptions.plugins.find(
    (plugin) => plugin.name === '@nestjs/swagger',
  ).options;
  const suffixes = [...settings.dtoFileNameSuffix, ...settings.controllerFileNameSuffix];
  const files = readdirSync(join(root, 'src'), { recursive: true })
    .filter((file) => suffixes.some((suffix) => file.endsWith(suffix)))
    .map((file) => join(root, 'src', file))
    .sort();
  const folder = join(root, '.cache', 'swagger');
  const metadata = join(folder, 'metadata.ts');
  const stamp = join(folder, 'generated-from');
  const fingerprint = fingerprintOf([join(root, 'nest-cli.json'), ...files]);
  if (existsSync(metadata) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return metadata;
  mkdirSync(folder, { recursive: true });
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  new PluginMetadataGenerator().generate({
    visitors: [new ReadonlyVisitor({ ...settings, pathToSource: folder })],
    outputDir: folder,
    filename: 'metadata.ts',
    tsProgramRef: ts.createProgram(files, options),
  });
  writeFileSync(stamp, fingerprint);
  return metadata;
}

function fingerprintOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}
