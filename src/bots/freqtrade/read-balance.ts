// freqtrade's `GET /api/v1/balance` as money: the total in the stake currency, which has to be the wallet's. What is not
// positively that is no amount, in whatever form: it is named, and nothing is paid by it (I4). The rules are those of
// freqtrade's own `_rpc_balance`: `total` is the whole simulated wallet, which is the money that the bot was given;
// `total_bot` leaves out what `tradable_balance_ratio` keeps from trading. A coin without a rate is listed with an
// estimate of 0 and is missing in both.

import type { BotWorth } from '../../domain/bot-worth.ts';
import { isMoney, WALLET_CURRENCY } from '../../domain/money.ts';
import { parseRecord } from '../docker/bot-config.ts';
import type { Credentials } from './bot-config.ts';
import type { BotReply, BotRequest } from './bounded-request.ts';

export type Send = (order: BotRequest) => Promise<BotReply>;

/** What asking one address came to; `unreachable`: no connection, another address may be asked. */
export type Balance = BotWorth | { readonly status: 'unreachable' };

const BALANCE = '/api/v1/balance';
const LOGIN = '/api/v1/token/login';

/** Basic credentials first; where the API wants a token, one is fetched with them. */
export async function readBalance(
  send: Send,
  at: Pick<BotRequest, 'address' | 'port'>,
  { username, password }: Credentials,
): Promise<Balance> {
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const ask = (authorization: string) =>
    send({ ...at, method: 'GET', path: BALANCE, authorization });
  const first = await ask(basic);
  if (first.status !== 'answered' || first.code !== 401) return toBalance(first);
  const login = await send({ ...at, method: 'POST', path: LOGIN, authorization: basic });
  if (login.status !== 'answered') return toBalance(login);
  const token = login.code === 200 ? parseRecord(login.body)?.access_token : undefined;
  // Anything but plain characters cannot stand in a header.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    return notLive('its API refuses the credentials');
  }
  return toBalance(await ask(`Bearer ${token}`));
}

function toBalance(reply: BotReply): Balance {
  if (reply.status === 'unreachable') return reply;
  if (reply.status === 'too-large') return notLive('its answer is too long');
  const { code, body } = reply;
  if (code >= 300 && code < 400) return notLive('its API redirects, which is not followed');
  if (code === 401 || code === 403) return notLive('its API refuses the credentials');
  if (code !== 200) return notLive(`its API answers ${code}`);
  const answer = parseRecord(body);
  if (answer === null) return notLive('its answer is not readable');
  const { total, stake, note } = answer;
  if (stake !== WALLET_CURRENCY) return notLive(`its total is not in ${WALLET_CURRENCY}`);
  if (typeof total !== 'number') return notLive('its answer has no total');
  if (!isMoney(total)) return notLive('its total is not an amount of money');
  // What freqtrade says of `dry_run: false`: the account of an exchange, which others may use as well.
  if (note === '') return notLive('it does not trade simulated money');
  if (coinsOf(answer).some(isWithoutRate)) return notLive('a coin of its wallet has no rate');
  if (total === 0 && isUnread(answer)) return notLive('it has not read its wallet');
  // A minus zero is money, but not for a reader.
  return { status: 'live', value: total === 0 ? 0 : total };
}

type Fields = Readonly<Record<string, unknown>>;

function coinsOf({ currencies }: Fields): readonly Fields[] {
  const listed: readonly unknown[] = Array.isArray(currencies) ? currencies : [];
  return listed.map((coin) => Object(coin));
}

// The stake itself may be tied up in positions, and is then free of nothing.
function isWithoutRate({ currency, stake, balance, est_stake, is_position }: Fields): boolean {
  const isCoin = is_position !== true && currency !== (stake ?? WALLET_CURRENCY);
  return isCoin && typeof balance === 'number' && balance !== 0 && est_stake === 0;
}

// A wallet that began with nothing had no money to lose: freqtrade counts what it has and what it has lost since.
function isUnread(answer: Fields): boolean {
  return coinsOf(answer).length === 0 && answer.starting_capital === 0;
}

export function notLive(reason: string): BotWorth {
  return { status: 'not-live', reason };
}
