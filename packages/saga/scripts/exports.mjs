// Points the package's exports at the built JavaScript while it is packed, and back at the sources, which is what this
// repository runs. The one follows from the other, so a run that was cut off is mended by the next in either direction.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('../package.json', import.meta.url));

const toSource = (target) => `./src/${doorOf(target)}.ts`;
const toBuilt = (target) => {
  const door = doorOf(target);
  return { types: `./dist/${door}.d.ts`, default: `./dist/${door}.js` };
};
const doorOf = (target) => (target.default ?? target).replace(/^\.\/(src|dist)\/|\.(ts|js)$/g, '');

const [, , direction] = process.argv;
const convert = { source: toSource, built: toBuilt }[direction];
if (convert === undefined) throw new Error('Usage: node scripts/exports.mjs source|built');
const manifest = JSON.parse(readFileSync(FILE, 'utf8'));
for (const [door, target] of Object.entries(manifest.exports)) {
  manifest.exports[door] = convert(target);
}
writeFileSync(`${FILE}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
renameSync(`${FILE}.new`, FILE);
