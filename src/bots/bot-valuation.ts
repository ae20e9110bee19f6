// What a bot is worth now, by its own word. A stored value is a copy, and nothing keeps it up to date while the bot
// trades: a deletion asks the bot before it pays. I4 for money: what cannot be read is `not-live` with its reason,
// never a number; and nothing is ever paid by a number that is not money.

import type { ObservedBot } from '../domain/bot.ts';
import type { BotWorth } from '../domain/bot-worth.ts';
import type { InstanceId } from '../domain/ids.ts';

export interface BotValuation {
  /** Never throws for what the bot or its place does; repeatable, changes nothing. */
  worthOf(bot: BotToValue, call: ValuationCall): Promise<BotWorth>;

  /** What is said of a bot that was not asked, because its place could not be. */
  readonly unasked: BotWorth;
}

export interface BotToValue {
  readonly instanceId: InstanceId;
  /** Its owner's containers and programs, as captured; those of others must not be among them. */
  readonly observedBots: readonly ObservedBot[];
  /** Where its owner's mapping says that it listens; null: no mapping. */
  readonly mapping: MappedAddress | null;
}

export interface MappedAddress {
  readonly containerName: string;
  /** Missing in old mappings. */
  readonly host?: string;
  readonly port: number;
}

export interface ValuationCall {
  readonly signal: AbortSignal;
  /** For all of it. */
  readonly timeoutMs: number;
}

/** For BOT_VALUE=stored. */
export const STORED_VALUES: BotValuation = {
  unasked: { status: 'stored' },
  worthOf: async () => ({ status: 'stored' }),
};
