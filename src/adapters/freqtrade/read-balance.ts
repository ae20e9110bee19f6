// freqtrade's `GET /api/v1/balance` as money: the total in the stake currency, which has to be the wallet's. What is not
// positively that is no amount, whatever it looks like: it is named, and nothing is paid by it (I4).

import type { BotWorth } from '../../deletion/ports/bot-valuation.ts';
import { isMoney, WALLET_CURRENCY } from '../../domain/money.ts';
import { type Credentials, parseRecord } from './bot-config.ts';
import type { BotReply, BotRequest } from './bounded-request.ts';

export type Send = (order: BotRequest) => Promise<BotReply>;

/** What asking one address came to; `unreachable`: nobody was there, another address may be asked. */
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
  const { total, stake } = answer;
  if (stake !== WALLET_CURRENCY) return notLive(`its total is not in ${WALLET_CURRENCY}`);
  if (typeof total !== 'number') return notLive('its answer has no total');
  if (!isMoney(total)) return notLive('its total is not an amount of money');
  // A minus zero is money, but nobody wants to read it.
  return { status: 'live', value: total === 0 ? 0 : total };
}

export function notLive(reason: string): BotWorth {
  return { status: 'not-live', reason };
}
