// What `npm pack` gives, in a project outside this repository: installed beside its three peers, compiled against its
// declarations, and killed in the middle. It needs npm's registry and half a minute, so it has a script of its own:
// `npm run check-pack`.

import { execFile } from 'node:child_process';
import { cp, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createTestFolder } from '../../../../test/support/folder.ts';
import manifest from '../../package.json' with { type: 'json' };
import { killAndFinish } from '../support/run-example.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const PACKAGE = join(ROOT, 'packages/saga');
const run = promisify(execFile);

it('in the repository the exports are the sources: no pack was cut off', () => {
  const hint = 'mend it with `npm run postpack -w packages/saga`';
  for (const target of Object.values(manifest.exports))
    expect(target, hint).toMatch(/^\.\/src\/.*\.ts$/);
});

it.runIf(process.env.CHECK_PACK)(
  'installed elsewhere: it compiles, and a second process finishes what a killed one began',
  async () => {
    const app = await createTestFolder();
    const tarball = await pack(await createTestFolder());
    await cp(join(PACKAGE, 'examples'), app, { recursive: true });
    await writeFile(join(app, 'package.json'), '{ "type": "module" }');
    await writeFile(join(app, 'wrong.ts'), WRONG);
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify(STRICT));
    const peers = ['bullmq', 'ioredis', 'mongodb'] as const;
    const versions = peers.map((peer) => `${peer}@${manifest.peerDependencies[peer]}`);
    await run('npm', ['install', '--no-audit', '--no-fund', tarball, ...versions], { cwd: app });
    await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', app]);
    const shopFolder = join(app, 'shop');
    const printed = await killAndFinish({ main: join(app, 'main.ts'), shopFolder, database: 15 });
    expect(printed).toBe('completed { paidCents: 1250 }\n');
  },
  180_000,
);

/** Types that were lost on the way would let it pass, which is an error here. */
const WRONG = `import { createDeleteUser } from './delete-user.ts';
import { openShop } from './shop.ts';
// @ts-expect-error the input of another saga
createDeleteUser(openShop('shop')).key({ userId: 42 });
`;

/** Of a copy: the exports change meanwhile, and other tests read them. */
async function pack(folder: string): Promise<string> {
  const copy = join(folder, 'packages/saga');
  await cp(PACKAGE, copy, { recursive: true });
  await cp(join(ROOT, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await run('npm', ['pack', '--pack-destination', folder], { cwd: copy });
  const [name] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
  expect(await readdir(copy)).not.toContain('dist');
  return join(folder, String(name));
}

const STRICT = {
  compilerOptions: {
    ...{ strict: true, noEmit: true, module: 'NodeNext', target: 'ES2024', lib: ['ES2024'] },
    ...{
      allowImportingTsExtensions: true,
      erasableSyntaxOnly: true,
      exactOptionalPropertyTypes: true,
    },
    ...{ types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')], skipLibCheck: true },
  },
  include: ['*.ts'],
};
