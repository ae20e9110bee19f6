// The bots' port where hosts may be gone for good by an administrator's decision (unlisted-hosts.ts): what was observed on
// one of them is gone with it, and a mapping that names it says no more where its bot is, so every host is asked. Of a
// host that is listed nothing changes: it is asked, and what it shows counts.

import { SagaError } from '@reclaim/saga';
import type { ObservedBot } from '../../domain/bot.ts';
import { joinAnswers, ok, unknown } from '../../domain/source.ts';
import type { Bots } from '../bots.ts';
import type { HostRecords } from './mongo-host-records.ts';

export function withoutGoneHosts<Port extends Bots>(
  bots: Port,
  hostRecords: Pick<HostRecords, 'findGone'>,
  now: () => Date,
): Port {
  const isGone = async (host: string): Promise<boolean> =>
    !bots.hosts().includes(host) && (await hostRecords.findGone([host])).has(host);
  const unlessGone =
    <Rest extends readonly unknown[], Outcome>(
      act: (instanceId: string, observed: ObservedBot, ...rest: Rest) => Promise<Outcome>,
    ) =>
    async (instanceId: string, observed: ObservedBot, ...rest: Rest): Promise<Outcome | 'gone'> =>
      (await isGone(observed.host)) ? 'gone' : act(instanceId, observed, ...rest);
  return {
    ...bots,
    locate: async (query, call) => {
      const { dockerHost, ...elsewhere } = query;
      try {
        const isNamedGone = dockerHost !== undefined && (await isGone(dockerHost));
        return await bots.locate(isNamedGone ? elsewhere : query, call);
      } catch (error) {
        if (error instanceof SagaError) return joinAnswers([unknown(error.message)], now());
        throw error;
      }
    },
    observe: async (instanceId, observed, call) => {
      try {
        if (await isGone(observed.host)) return ok(null, now());
      } catch (error) {
        if (error instanceof SagaError) return unknown(error.message);
        throw error;
      }
      return bots.observe(instanceId, observed, call);
    },
    stop: unlessGone(bots.stop),
    restore: unlessGone(bots.restore),
    remove: unlessGone(bots.remove),
  };
}
