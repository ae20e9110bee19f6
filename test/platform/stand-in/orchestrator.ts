// The platform's orchestrator: pools and slots in memory, read from the file once, at its start, and written over it whole
// after every change of its own. What others write in between it neither sees nor keeps.

import type { BotMapping, Pool } from '../../../src/pool-state/pool-state.ts';
import { readPoolState, type Stage, writePoolState } from '../../support/deletions.ts';
import type { Programs } from './programs.ts';

export interface Orchestrator {
  /** Its start: the file into memory, then without what does not run. */
  restart(): Promise<void>;
  /** A slot, its entry in the file, and the program; no money. */
  start(uid: string, instanceId: string): Promise<void>;
  /** @returns what the bot said of itself before it was stopped. */
  remove(instanceId: string): Promise<number | undefined>;
  /** One round of its health monitor. */
  monitor(): Promise<void>;
  /** POST /api/pool/my-cleanup: forgets the user's bots that supervisord does not know. @returns which. */
  cleanUp(uid: string): Promise<readonly string[]>;
  /** What its pages list for a user, from memory. */
  botsOf(uid: string): readonly BotMapping[];
  /** The id that its page proposes: the highest number that it lists, and one. */
  nextId(uid: string): string;
  /** @throws where its memory has none. */
  slotOf(instanceId: string): BotMapping;
  /** Over the file, from memory. */
  save(): Promise<void>;
}

export interface OrchestratorOptions {
  /** Bots of one pool; the platform's default is 3. */
  readonly capacity?: number;
  /** Fields that an older version did not write. */
  readonly omits?: readonly ('host' | 'userId' | 'poolDir')[];
}

const BASE_PORT = 9_000;
const MAX_RESTARTS = 3;

export function createOrchestrator(
  stage: Stage,
  programs: Programs,
  { capacity = 3, omits = [] }: OrchestratorOptions = {},
): Orchestrator {
  const pools = new Map<string, Pool>();
  const slots = new Map<string, BotMapping>();
  const restarts = new Map<string, number>();

  const save = () =>
    writePoolState(stage, {
      pools: Object.fromEntries(pools),
      botMapping: Object.fromEntries(slots),
      nextPoolId: 1,
      updatedAt: new Date().toISOString(),
    });

  const poolsOf = (uid: string) => [...pools.values()].filter(({ id }) => ownerOf(id) === uid);

  function forget(instanceId: string): void {
    for (const pool of pools.values()) {
      pools.set(pool.id, { ...pool, bots: pool.bots.filter((id) => id !== instanceId) });
    }
    slots.delete(instanceId);
  }

  async function createPool(uid: string): Promise<Pool> {
    const id = `${uid}-pool-${poolsOf(uid).length + 1}`;
    const containerName = `freqtrade-pool-${id}`;
    await programs.startPool(containerName);
    const ends = [...pools.values()].map((pool) => pool.basePort + pool.capacity);
    const basePort = Math.max(BASE_PORT, ...ends);
    const fields = { id, containerName, basePort, capacity, bots: [], status: 'running' };
    const createdAt = new Date().toISOString();
    const pool = { ...fields, createdAt, ...written({ userId: uid, poolDir: `pools/${id}` }) };
    pools.set(id, pool);
    return pool;
  }

  const written = <T extends object>(fields: T) =>
    Object.fromEntries(
      Object.entries(fields).filter(([name]) => !omits.some((omitted) => omitted === name)),
    );

  async function start(uid: string, instanceId: string): Promise<void> {
    const known = slots.get(instanceId);
    const slot = known ?? (await takeSlot(uid, instanceId));
    await programs.start(slot);
    const status = (await programs.status(slot)) === 'RUNNING' ? 'running' : 'failed';
    slots.set(instanceId, { ...slot, status });
    await save();
  }

  async function takeSlot(uid: string, instanceId: string): Promise<BotMapping> {
    const hasRoom = (pool: Pool) => pool.status === 'running' && pool.bots.length < pool.capacity;
    const pool = poolsOf(uid).find(hasRoom) ?? (await createPool(uid));
    const used = pool.bots.map((id) => slots.get(id)?.port);
    let port = pool.basePort;
    while (used.includes(port)) port += 1;
    const slot: BotMapping = {
      ...{ poolId: pool.id, containerName: pool.containerName, slotIndex: pool.bots.length, port },
      ...{ status: 'pending', instanceId, userId: uid, createdAt: new Date().toISOString() },
      ...written({ host: 'localhost' }),
    };
    pools.set(pool.id, { ...pool, bots: [...pool.bots, instanceId] });
    slots.set(instanceId, slot);
    await save();
    return slot;
  }

  async function restart(): Promise<void> {
    pools.clear();
    slots.clear();
    const stored = await readPoolState(stage);
    for (const pool of Object.values(stored.pools)) pools.set(pool.id, pool);
    for (const [id, slot] of Object.entries(stored.botMapping)) slots.set(id, slot);
    for (const pool of [...pools.values()]) {
      for (const instanceId of pool.bots) {
        const slot = slots.get(instanceId);
        const word = slot === undefined ? null : await programs.status(slot);
        if (word !== 'RUNNING') forget(instanceId);
      }
    }
    await save();
  }

  async function monitor(): Promise<void> {
    for (const slot of [...pools.values()].flatMap(({ bots }) => bots.map((id) => slots.get(id)))) {
      if (slot === undefined) continue;
      const { instanceId } = slot;
      if ((await programs.status(slot)) === 'RUNNING') {
        if (!['failed', 'pending'].includes(slot.status)) continue;
        slots.set(instanceId, { ...slot, status: 'running' });
        await save();
        continue;
      }
      const count = restarts.get(instanceId) ?? 0;
      if (count >= MAX_RESTARTS) continue;
      restarts.set(instanceId, count + 1);
      await programs.restart(slot);
      slots.set(instanceId, { ...slot, status: 'running' });
    }
  }

  async function cleanUp(uid: string): Promise<readonly string[]> {
    const removed: string[] = [];
    for (const instanceId of poolsOf(uid).flatMap(({ bots }) => bots)) {
      const slot = slots.get(instanceId);
      if (slot !== undefined && (await programs.status(slot)) !== null) continue;
      forget(instanceId);
      removed.push(instanceId);
    }
    if (removed.length > 0) await save();
    return removed;
  }

  const botsOf = (uid: string) =>
    poolsOf(uid).flatMap(({ bots }) => bots.flatMap((id) => slots.get(id) ?? []));

  return {
    ...{ restart, start, monitor, cleanUp, botsOf, save },
    remove: async (instanceId) => {
      const slot = slots.get(instanceId);
      if (slot === undefined) return undefined;
      const total = await programs.totalOf(slot);
      await programs.remove(slot);
      forget(instanceId);
      await save();
      return total;
    },
    nextId: (uid) => {
      const numbers = botsOf(uid).map(({ instanceId }) =>
        Number(/-bot-(\d+)$/.exec(instanceId)?.[1] ?? 0),
      );
      return `${uid}-bot-${Math.max(0, ...numbers) + 1}`;
    },
    slotOf: (instanceId) => {
      const slot = slots.get(instanceId);
      if (slot === undefined) throw new Error(`the platform has no slot of ${instanceId}`);
      return slot;
    },
  };
}

const ownerOf = (poolId: string) => poolId.replace(/-pool-\d+$/, '');
