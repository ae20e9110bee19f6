// Which room may import which, and which files may touch which technology. Each rule stands here once: a linter's list of
// what each folder may not import says the order of the rooms anew for every room. Part of `npm run check`.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Each imports those before it, and itself. */
const ROOMS = [
  ...['domain', 'infra', 'findings', 'pool-state', 'tombstones', 'wallet', 'bots'],
  ...['deletion', 'provisioning', 'sync', 'health', 'operations', 'api', 'main'],
];
const PACKAGES =
  /^(mongodb|bullmq|ioredis|dockerode|fastify|firebase-admin|@opentelemetry\/api|prom-client)$/;
/** Files in rooms of rules that are there for a technology. */
const ADAPTERS =
  /\/(mongodb|docker|simulator)\/|\/mongo-[^/]*\.ts$|-(metrics|gauge)\.ts$|\/tombstone(-updates|s-read)\.ts$/;

interface Rule {
  readonly files: RegExp;
  readonly except?: RegExp;
  /** Of what is imported: a path from the repository's root, or a name. */
  readonly refuses: (module: string) => boolean;
  readonly why: string;
}

const RULES: readonly Rule[] = [
  ...ROOMS.map((room, at) => ({
    files: new RegExp(`^src/${room}/`),
    refuses: (module: string) => {
      const [, above] = /^(?:src\/)?([^/]+)\//.exec(module) ?? [];
      const isLocal = module.startsWith('src/') || above === 'workers';
      return isLocal && !ROOMS.slice(0, at + 1).includes(above ?? '');
    },
    why: `rooms import downwards: ${room} stands below it`,
  })),
  {
    files: /^src\/(?!infra\/|api\/|main\/)/,
    except: ADAPTERS,
    refuses: (module) => PACKAGES.test(module) || module.startsWith('@reclaim/saga/'),
    why: 'technology stands in files of its own, beside the rules',
  },
  {
    files: /^(src|workers|bench|soak|scripts)\//,
    refuses: (module) => module.startsWith('packages/'),
    why: 'the engine is used through its doors: @reclaim/saga, and what its package.json exports beside it',
  },
  {
    files: /^workers\//,
    refuses: (module) => /^src\/(api|infra\/embedded)\/|\/server\.ts$/.test(module),
    why: 'a worker serves no API and embeds nothing',
  },
  {
    files: /^src\/main\/(config|docker-hosts)\.ts$/,
    refuses: (module) => /^src\/(?!domain\/|infra\/|main\/)|\/compose\//.test(module),
    why: 'the configuration knows nobody: everything is given its part of it',
  },
  {
    files: /^src\/main\/compose\/services\.ts$/,
    refuses: (module) => module.startsWith('src/api/'),
    why: 'services are composed below the API',
  },
  {
    files: /^packages\/saga\/src\//,
    refuses: (module) => /^src\/|^(dockerode|firebase-admin)$/.test(module),
    why: 'the engine knows no bot and no money; what it needs of the outside comes in as a parameter',
  },
  {
    files: /^packages\/saga\/src\/((machine|run|operate)\/|[^/]+$)/,
    except: /\/src\/index\.ts$/,
    refuses: (module) =>
      PACKAGES.test(module) || /\/(mongodb|metrics|tracing|fastify|board)\/|\/bullmq-/.test(module),
    why: 'the machine, the runner and the operators are the same on every log and every queue',
  },
  {
    files: /^packages\/saga\/src\/machine\//,
    refuses: (module) => /^node:|\/src\/(run|log|queue|operate)\//.test(module),
    why: 'the machine is pure: states, events and shapes, and nothing else',
  },
];

const IMPORTED =
  /^(?:import|export)\b[^'";]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm;

const root = fileURLToPath(new URL('..', import.meta.url));
const refused = globSync('{src,workers,bench,soak,scripts,packages/saga/src}/**/*.ts', {
  cwd: root,
}).flatMap(refusedIn);
for (const line of refused) console.error(line);
if (refused.length > 0) process.exitCode = 1;

function refusedIn(file: string): readonly string[] {
  const rules = RULES.filter(({ files, except }) => files.test(file) && !except?.test(file));
  const modules = [...readFileSync(join(root, file), 'utf8').matchAll(IMPORTED)].map(
    ([, from, bare, later]) => from ?? bare ?? later ?? '',
  );
  return modules.flatMap((name) => {
    const module = name.startsWith('.') ? join(file, '..', name) : packageOf(name);
    const broken = rules.filter((rule) => rule.refuses(module));
    return broken.map(({ why }) => `${file} imports ${name}: ${why}`);
  });
}

/** Of one of its files, the package; a door of the engine is what it is. */
function packageOf(name: string): string {
  if (name.startsWith('@reclaim/saga') || name.startsWith('node:')) return name;
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/');
}
