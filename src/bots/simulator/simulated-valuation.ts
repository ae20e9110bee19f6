// What a simulated bot says that it is worth: what its world holds for it, else whatever is stored, so that a bot without
// a word of its own is paid as its wallet says.

import type { Db } from 'mongodb';
import { isUp } from '../../domain/bot.ts';
import { isMoney } from '../../domain/money.ts';
import type { BotValuation } from '../bot-valuation.ts';
import { createWorldCalls } from './world-calls.ts';
import { dedicatedKey, pooledKey, worldCollection } from './world-documents.ts';

export function createSimulatedValuation(db: Db): BotValuation {
  const calls = createWorldCalls(() => worldCollection(db));
  return {
    unasked: { status: 'stored' },
    worthOf: async ({ instanceId, observedBots }) => {
      const ids = [dedicatedKey(instanceId), pooledKey(instanceId)];
      const met = await calls.read({ _id: ids });
      const value = met.flatMap((one) => ('liveValue' in one ? [one.liveValue] : []))[0];
      if (value === undefined) return { status: 'stored' };
      if (!observedBots.some(isUp)) return { status: 'not-live', reason: 'it does not run' };
      if (isMoney(value)) return { status: 'live', value };
      return { status: 'not-live', reason: 'it does not answer' };
    },
  };
}
