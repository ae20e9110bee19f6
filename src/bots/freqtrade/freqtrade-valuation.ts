// What a bot is worth, asked of freqtrade's own API. The address comes from evidence about this very bot, the credentials
// from its own configuration in its folder, else from ours. No secret and no address stands in a reason: users read it.

import { SagaError, withDeadline } from '@reclaim/saga';
import { isUp, type ObservedBot } from '../../domain/bot.ts';
import type { BotWorth } from '../../domain/bot-worth.ts';
import type { BotValuation } from '../bot-valuation.ts';
import type { ReadBotEndpoint } from '../docker/bot-endpoint.ts';
import { addressesOf, type BotAddress, resolveAddress } from './bot-addresses.ts';
import { type Credentials, readApiConfig } from './bot-config.ts';
import { sendToBot } from './bounded-request.ts';
import { notLive, readBalance } from './read-balance.ts';

export interface FreqtradeValuationDependencies {
  readonly readEndpoint: ReadBotEndpoint;
  /** For bots whose own configuration has none. */
  readonly fallbackCredentials: Credentials | null;
}

const TIME_OVER = notLive('it did not answer in time');

export function createFreqtradeValuation(
  dependencies: FreqtradeValuationDependencies,
): BotValuation {
  return {
    unasked: notLive('the place where it runs could not be asked'),
    worthOf: async (bot, { signal: parent, timeoutMs }) => {
      const [observed, ...others] = bot.observedBots.filter(isUp);
      if (observed === undefined) return notLive('it does not run');
      if (others.length > 0) return notLive('it runs in more than one place');
      if (observed.kind === 'dedicated' && observed.byLabelAlone === true)
        return notLive(NOT_PROVEN);
      const late = () => new TimeOver();
      try {
        return await withDeadline((signal) => ask(dependencies, bot, observed, signal, timeoutMs), {
          ...{ ms: timeoutMs, signal: parent, late },
        });
      } catch (error) {
        if (error instanceof TimeOver) return TIME_OVER;
        // Docker's own troubles; anything else is a mistake of this program and stays an exception.
        if (error instanceof SagaError) return notLive('its configuration could not be read');
        throw error;
      }
    },
  };
}

const NOT_PROVEN = 'only a label says that it is this bot';

class TimeOver extends Error {}

async function ask(
  { readEndpoint, fallbackCredentials }: FreqtradeValuationDependencies,
  { instanceId, mapping }: Parameters<BotValuation['worthOf']>[0],
  observed: ObservedBot,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<BotWorth> {
  const endsAt = performance.now() + timeoutMs;
  const endpoint = await readEndpoint(instanceId, observed, { signal });
  const config = endpoint.config === null ? null : readApiConfig(endpoint.config);
  if (config?.isEnabled === false) return notLive('its API is switched off');
  const credentials = config?.credentials ?? fallbackCredentials;
  if (credentials === null) return notLive('the credentials of its API are unknown');
  const addresses = addressesOf(observed, endpoint, config?.listenPort, mapping);
  if (typeof addresses === 'string') return notLive(addresses);
  if (addresses.length === 0) return notLive('the address of its API is unknown');
  for (const [index, address] of addresses.entries()) {
    // A network that swallows packets must leave time for the next address.
    const share = (endsAt - performance.now()) / (addresses.length - index);
    const own = AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, Math.floor(share)))]);
    const balance = await askAt(address, credentials, own);
    if (balance.status !== 'unreachable') return balance;
    if (signal.aborted) return TIME_OVER;
  }
  return notLive('its API cannot be reached');
}

async function askAt({ host, port }: BotAddress, credentials: Credentials, signal: AbortSignal) {
  const address = await resolveAddress(host).catch(() => undefined);
  if (address === undefined) return { status: 'unreachable' } as const;
  if (address === null) return notLive('its address is not one that a bot may have');
  return readBalance((order) => sendToBot(order, signal), { address, port }, credentials);
}
