// What happened to bots, in memory: told once.

import type { BotEvent, BotEvents } from '../../src/health/bot-events.ts';
import { inertPorts } from './inert-ports.ts';

export function createMemoryBotEvents(): BotEvents {
  const events = new Map<string, BotEvent>();
  return {
    ...inertPorts<BotEvents>(),
    add: async (added) => {
      for (const event of added) if (!events.has(event.id)) events.set(event.id, event);
    },
  };
}
