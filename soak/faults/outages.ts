// The expensive faults: a dependency or a process that is away for a while. Each resolves when everything it broke is
// back; how long the sagas take from there is the recovery.

import { pause } from '@reclaim/saga';
import type { Environment } from '../environment.ts';
import { insist } from '../insist.ts';
import type { Platform } from '../load/platform.ts';
import type { Random } from '../random.ts';
import { LEASE_SECONDS, type System } from '../system.ts';
import type { Townsman } from '../town.ts';
import type { FaultSource } from './fault-source.ts';

export interface ExecutionContext {
  readonly environment: Environment;
  readonly system: System;
  readonly platform: Platform;
  readonly faultSource: FaultSource;
  readonly town: readonly Townsman[];
  readonly random: Random;
  readonly signal: AbortSignal;
}

export interface Outage {
  readonly name: string;
  readonly weight: number;
  run(context: ExecutionContext): Promise<void>;
}

const lastFor = ({ random, signal }: ExecutionContext, min: number, max: number) =>
  pause(random.between(min, max), signal);

const workerOf = ({ random, system }: ExecutionContext) => random.pick(system.workers);

export const OUTAGES: readonly [Outage, ...Outage[]] = [
  {
    name: 'worker killed',
    weight: 9,
    run: async (context) => workerOf(context)?.kill(),
  },
  {
    name: 'worker frozen past its lease',
    weight: 3,
    run: async (context) => {
      const worker = workerOf(context);
      worker?.freeze();
      try {
        await lastFor(context, LEASE_SECONDS * 1_300, LEASE_SECONDS * 2_000);
      } finally {
        worker?.thaw();
      }
    },
  },
  { name: 'API killed', weight: 2, run: ({ system }) => system.api.kill() },
  {
    name: 'Valkey flushed',
    weight: 3,
    run: ({ environment }) => insist(() => environment.flushValkey()),
  },
  {
    name: 'Valkey killed',
    weight: 2,
    run: async (context) => {
      await context.environment.valkey.kill();
      await lastFor(context, 0, 1_500);
      await context.environment.valkey.restart();
    },
  },
  {
    name: 'MongoDB killed',
    weight: 3,
    run: async (context) => {
      await context.environment.mongodb.kill();
      await lastFor(context, 0, 500);
      await context.environment.mongodb.restart();
    },
  },
  { name: 'MongoDB refuses connections', weight: 2, run: wired('mongodbWire', 'refuse') },
  { name: 'MongoDB frozen', weight: 2, run: wired('mongodbWire', 'freeze') },
  { name: 'Valkey refuses connections', weight: 2, run: wired('valkeyWire', 'refuse') },
  { name: 'Valkey frozen', weight: 2, run: wired('valkeyWire', 'freeze') },
  { name: 'Docker host unreachable', weight: 2, run: hosted('unreachable') },
  { name: 'Docker host cannot tell', weight: 2, run: hosted('unknown') },
  { name: 'Docker host hangs', weight: 1, run: hosted('hang') },
  {
    name: 'supervisord dead',
    weight: 2,
    run: async (context) => {
      const pool = context.random.pick(context.town.flatMap(({ pool: name }) => name ?? []));
      if (pool === undefined) return;
      await insist(() => context.faultSource.supervisord(pool, 'dead'));
      await lastFor(context, 1_000, 2_500);
    },
  },
  {
    name: 'pool state torn',
    weight: 3,
    run: ({ platform, random, signal }) =>
      platform.tearPoolState(random.between(300, 1_500), signal),
  },
];

function wired(wire: 'mongodbWire' | 'valkeyWire', fault: 'refuse' | 'freeze'): Outage['run'] {
  return async (context) => {
    context.environment[wire][fault]();
    try {
      await lastFor(context, 500, 2_500);
    } finally {
      context.environment[wire].heal();
    }
  };
}

function hosted(kind: Parameters<FaultSource['host']>[0]): Outage['run'] {
  return async (context) => {
    await insist(() => context.faultSource.host(kind, true));
    await lastFor(context, 500, 2_000);
  };
}
