// package-lock.json must install everywhere: `npm ci` refuses it where the optional binaries of a platform are not listed, and an address
// of the registry that it was written against is of no use elsewhere.
import { readFileSync } from 'node:fs';
import process from 'node:process';

const file = process.argv[2] ?? 'package-lock.json';
const { packages } = JSON.parse(readFileSync(file, 'utf8'));
const problems = Object.entries(packages).flatMap(([path, entry]) => [
  ...Object.keys(entry.optionalDependencies ?? {})
    .filter((name) => !isListed(path, name))
    .map(
      (name) => `${path || 'the project'} wants ${name}, which is not listed: add {version, dev, optional, os, cpu}`,
    ),
  ...(entry.resolved === undefined
    ? []
    : [`${path} names an address: npm config omit-lockfile-registry-resolved must be true`]),
  ...(path === '' ||
  entry.link === true ||
  entry.integrity !== undefined ||
  (entry.optional === true && entry.os !== undefined)
    ? []
    : [`${path} has no integrity: install it again`]),
]);
for (const problem of problems) process.stderr.write(`${file}: ${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** As Node looks for a package: beside the one that wants it, then in each folder above. */
function isListed(path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return true;
    if (folder === '') return false;
  }
}
