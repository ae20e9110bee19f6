// Completes package-lock.json after `npm install`. npm leaves a platform's optional package out of the lock
// where the registry at hand does not serve it, and `npm ci` then refuses the lock it has just
// written ("Missing: … from lock file"). A stub for each is enough: it names the version, and the platform
// as the package's name gives it, so that every other machine skips it. Run it whenever the lock has
// changed; it changes nothing twice.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(path, 'utf8'));
const added = [];
for (const owner of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    // Only exact versions can be stubbed; a range is resolved by npm itself.
    if (!/^\d/.test(version) || key in lock.packages) continue;
    const dev = owner.dev && { dev: true };
    lock.packages[key] = { version, ...platformOf(name), ...dev, optional: true };
    added.push(`${name}@${version}`);
  }
}
if (added.length > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added.length} optional packages added ${added.join(' ')}\n`);

/** `…-linux-x64-musl` and the like. @throws for a name that says nothing: it would go everywhere. */
function platformOf(name) {
  const pattern = /-(android|darwin|freebsd|linux|openharmony|win32)-([a-z0-9]+?)(?:-(\w+))?$/;
  const [, os, cpu, abi = ''] = pattern.exec(name) ?? [];
  if (os === undefined) throw new Error(`the name ${name} does not tell its platform`);
  const libc = abi.startsWith('musl') ? ['musl'] : ['glibc'];
  const hasLibc = os === 'linux' && (abi.startsWith('musl') || abi.startsWith('gnu'));
  return { os: [os], cpu: [cpu], ...(hasLibc && { libc }) };
}
