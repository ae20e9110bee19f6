// The expensive faults: a dependency or a process that is away for a while. Each resolves when everything it broke is
// back; how long the sagas take from there is the recovery.

import { pause } from '@reclaim/saga';
import type { Ground } from '../ground.ts';
import { insist } from '../insist.ts';
import type { Platform } from '../load/platform.ts';
import type { Random } from '../random.ts';
import { LEASE_SECONDS, type System } from '../system.ts';
import type { Townsman } from '../town.ts';
import type { Mischief } from './mischief.ts';

export interface Scene {
  readonly ground: Ground;
  readonly system: System;
  readonly platform: Platform;
  readonly mischief: Mischief;
  readonly town: readonly Townsman[];
  readonly random: Random;
  readonly signal: AbortSignal;
}

export interface Outage {
  readonly name: string;
  readonly weight: number;
  run(scene: Scene): Promise<void>;
}

const lastFor = ({ random, signal }: Scene, min: number, max: number) =>
  pause(random.between(min, max), signal);

const workerOf = ({ random, system }: Scene) => random.pick(system.workers);

export const OUTAGES: readonly [Outage, ...Outage[]] = [
  {
    name: 'worker killed',
    weight: 9,
    run: async (scene) => workerOf(scene)?.kill(),
  },
  {
    name: 'worker frozen past its lease',
    weight: 3,
    run: async (scene) => {
      const worker = workerOf(scene);
      worker?.freeze();
      try {
        await lastFor(scene, LEASE_SECONDS * 1_300, LEASE_SECONDS * 2_000);
      } finally {
        worker?.thaw();
      }
    },
  },
  { name: 'API killed', weight: 2, run: ({ system }) => system.api.kill() },
  { name: 'Valkey flushed', weight: 3, run: ({ ground }) => insist(() => ground.flushValkey()) },
  {
    name: 'Valkey killed',
    weight: 2,
    run: async (scene) => {
      await scene.ground.valkey.kill();
      await lastFor(scene, 0, 1_500);
      await scene.ground.valkey.restart();
    },
  },
  {
    name: 'MongoDB killed',
    weight: 3,
    run: async (scene) => {
      await scene.ground.mongodb.kill();
      await lastFor(scene, 0, 500);
      await scene.ground.mongodb.restart();
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
    run: async (scene) => {
      const pool = scene.random.pick(scene.town.flatMap(({ pool: name }) => name ?? []));
      if (pool === undefined) return;
      await insist(() => scene.mischief.supervisord(pool, 'dead'));
      await lastFor(scene, 1_000, 2_500);
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
  return async (scene) => {
    scene.ground[wire][fault]();
    try {
      await lastFor(scene, 500, 2_500);
    } finally {
      scene.ground[wire].heal();
    }
  };
}

function hosted(kind: Parameters<Mischief['host']>[0]): Outage['run'] {
  return async (scene) => {
    await insist(() => scene.mischief.host(kind, true));
    await lastFor(scene, 500, 2_000);
  };
}
