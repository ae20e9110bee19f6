// What health remembers of bots and pools, in memory: of two that write on the same base one is heard.

import type { BotHealths, PoolHealth, RecordedHealth } from '../../src/health/bot-healths.ts';
import { inertPorts } from './inert-ports.ts';

export function createMemoryBotHealths(): BotHealths {
  const bots = new Map<string, RecordedHealth>();
  const pools = new Map<string, PoolHealth>();
  let writes = 0;
  return {
    ...inertPorts<BotHealths>(),
    read: async (keys) => new Map([...bots].filter(([key]) => keys.includes(key))),
    save: async (written) => {
      writes += 1;
      const writeId = `w${writes}`;
      const landed = written.filter(({ key, base }) => (bots.get(key)?.writeId ?? null) === base);
      for (const { base: _, ...one } of landed) bots.set(one.key, { ...one, writeId });
      return new Set(landed.map(({ key }) => key));
    },
    touch: async (keys, observedAtMs) => {
      for (const key of keys) {
        const known = bots.get(key);
        if (known !== undefined) bots.set(key, { ...known, observedAtMs });
      }
    },
    keepOnly: async (keptBots, keptPools) => {
      for (const key of bots.keys()) if (!keptBots.includes(key)) bots.delete(key);
      for (const key of pools.keys()) if (!keptPools.includes(key)) pools.delete(key);
    },
    giveBack: async ({ userId, instanceId }, attempt) => {
      for (const [key, bot] of bots) {
        const isIt = bot.userId === userId && bot.instanceId === instanceId;
        if (!isIt || bot.memory.restarts !== attempt) continue;
        writes += 1;
        const memory = { ...bot.memory, restarts: attempt - 1 };
        bots.set(key, { ...bot, memory, writeId: `w${writes}` });
      }
    },
    readPools: async () => new Map(pools),
    savePools: async (observed) => {
      for (const pool of observed) pools.set(pool.key, pool);
    },
  };
}
