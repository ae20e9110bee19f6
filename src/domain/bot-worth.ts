// What is known of a bot's worth when it is paid back.

export type BotWorth =
  /** Dollars: money, in the wallet's currency, as the bot has just answered. */
  | { readonly status: 'live'; readonly value: number }
  /** It could not be read: the stored value is paid, and declared as such. The reason holds no secret. */
  | { readonly status: 'not-live'; readonly reason: string }
  /** The stored value is the one that counts, and no bot is asked. */
  | { readonly status: 'stored' };
