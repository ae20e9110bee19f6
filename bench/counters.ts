// What the servers and this process have done so far, by their own counters. Two readings and the number of pieces of work
// between them say what one costs. Background work (leases, the relay, the janitor) is in it: of much work it is little.

import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';

/** By what is counted, in the order of the table. */
export type Counters = ReadonlyMap<string, number>;

export interface CounterSource {
  read(): Promise<Counters>;
  close(): Promise<void>;
}

/** Counts of two servers that nothing else uses meanwhile, in the database that the URI names. */
export async function openCounters(mongodbUri: string, redisUrl: string): Promise<CounterSource> {
  const client = await MongoClient.connect(mongodbUri);
  const redis = new Redis(redisUrl);
  return {
    read: async () =>
      new Map([...(await readMongo(client)), ...(await readRedis(redis)), ...readProcess()]),
    close: async () => {
      redis.disconnect();
      await client.close();
    },
  };
}

/** What one piece of work costs, of what was counted at all. */
export function costOf(before: Counters, after: Counters, pieces: number): Counters {
  const costs = [...after].map(([name, count]) => {
    return [name, (count - (before.get(name) ?? 0)) / pieces] as const;
  });
  return new Map(costs.filter(([, cost]) => cost > 0));
}

async function readMongo(client: MongoClient): Promise<[string, number][]> {
  const admin = client.db('admin');
  const status = await admin.command({ serverStatus: 1 });
  const { totals } = await admin.command({ top: 1 });
  const ours = `${client.db().databaseName}.`;
  const commands = Object.entries<{ total?: unknown }>(status.metrics.commands);
  const info = status.extra_info;
  return [
    ...commands
      .filter(([name]) => !IS_OWN.has(name))
      .map(([name, { total }]): [string, number] => [
        `MongoDB command ${name}`,
        Number(total ?? 0),
      ]),
    ...Object.entries<Record<string, { count?: unknown }>>(totals)
      .filter(([name]) => name.startsWith(ours))
      .flatMap(([name, counts]) =>
        OPERATIONS.map((operation): [string, number] => [
          `MongoDB ${name.slice(ours.length)} ${operation}`,
          Number(counts[operation]?.count ?? 0),
        ]),
      ),
    ['MongoDB bytes in', Number(status.network.bytesIn)],
    ['MongoDB bytes out', Number(status.network.bytesOut)],
    ['MongoDB journal syncs', Number(status.wiredTiger.log['log sync operations'])],
    ['MongoDB CPU, ms', (Number(info.user_time_us) + Number(info.system_time_us)) / 1_000],
    [
      'MongoDB context switches',
      Number(info.voluntary_context_switches) + Number(info.involuntary_context_switches),
    ],
  ];
}

/** Of a bulk each of its operations is one. */
const OPERATIONS = ['queries', 'insert', 'update', 'remove', 'commands'] as const;
const IS_OWN: ReadonlySet<string> = new Set(['serverStatus', 'top', 'hello', '<UNKNOWN>']);

async function readRedis(redis: Redis): Promise<[string, number][]> {
  const text = await redis.info('all');
  const number = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1]);
  const commands = [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)];
  return [
    // Those that a script calls are counted too.
    ...commands.map(([, name = '', calls]): [string, number] => [
      `Redis command ${name}`,
      Number(calls),
    ]),
    ['Redis bytes in', number('total_net_input_bytes')],
    ['Redis bytes out', number('total_net_output_bytes')],
    ['Redis CPU, ms', (number('used_cpu_user') + number('used_cpu_sys')) * 1_000],
  ];
}

function readProcess(): [string, number][] {
  const usage = process.resourceUsage();
  return [
    ['this process, CPU, ms', (usage.userCPUTime + usage.systemCPUTime) / 1_000],
    [
      'this process, context switches',
      usage.voluntaryContextSwitches + usage.involuntaryContextSwitches,
    ],
  ];
}
