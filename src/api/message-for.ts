// The text of a failure for each audience. Errors and warnings are written for operators: they name hosts, sockets,
// files, containers and other people's pools. A user gets the code, by which an operator finds the rest, and a sentence
// of ours chosen by it; a code that is not known here gets the sentence of its kind, and never the text itself.

import type { FastifyRequest } from 'fastify';
import { identityOf } from './viewer.ts';

export type Audience = 'user' | 'operator';

interface Failure {
  readonly code: string;
  readonly message: string;
}

export function audienceOf({ isAdmin }: { readonly isAdmin: boolean }): Audience {
  return isAdmin ? 'operator' : 'user';
}

export function messageFor(audience: Audience, { code, message }: Failure): string {
  if (audience === 'operator' || ABOUT_THEIR_OWN.has(code)) return message;
  return SENTENCES.get(code) ?? KINDS.find(({ codes }) => codes.test(code))?.sentence ?? OTHERWISE;
}

/** Their texts speak of the user's own wallet and allocation alone. */
const ABOUT_THEIR_OWN: ReadonlySet<string> = new Set([
  ...[
    'NOT_MONEY',
    'NOT_MONEY_BOT_STOPPED',
    'INSUFFICIENT_FUNDS',
    'CANCELLED',
    'value-overwritten',
    'account-gone',
  ],
]);

const SENTENCES: ReadonlyMap<string, string> = new Map([
  ['NOT_MONEY_BOT_RUNNING', 'A number of yours is no money, and the bot could not be stopped.'],
  ['NOT_MONEY_BOT_UNSEEN', 'A number of yours is no money, and the bot could not be observed.'],
  ['STOP_FAILED', 'The bot could not be stopped in time.'],
  ['stop-failed', 'The bot could not be stopped in time; it is stopped and removed later.'],
  ['bot-not-restored', 'The bot is gone, and could not be put back.'],
  ['entry-not-restored', 'The entry of the bot was not put back: another bot has its port by now.'],
  ['value-not-live', 'The bot did not answer with its value; the stored value was paid.'],
  ['pool-not-running', 'The pool of the bot does not run; the bot is taken out when it does.'],
  ['POOL_STATE_UNWRITTEN', 'The entry of the bot could not be taken out in time.'],
  ['pool-state-unwritten', 'The entry of the bot is taken out later.'],
  ['not-seen-everywhere', 'Whether something of the bot is left on another host is checked later.'],
  ['platform-not-informed', 'The trading platform may still list the bot for a while.'],
  ['resolved-by-hand', 'An operator ended the job, and vouches for what it did.'],
  ['NO_WORKER_FOR_VERSION', 'No worker can continue this job at the moment.'],
  ['SEEN_AGAIN', 'The bot was there after all, and was left alone.'],
  ['SOURCE_UNKNOWN', 'It is unknown whether the bot is there.'],
  ['OUTCOME_UNKNOWN', 'It is unknown whether this has happened.'],
  ['ALLOCATION_VANISHED', 'The money set aside for the bot is not where it was.'],
  ['ID_IN_USE', 'Another bot has this id.'],
  ['NO_POOL', 'No pool has a free slot for the bot.'],
  ['PROGRAM_DID_NOT_START', 'The bot did not start.'],
  ['CONTAINER_DID_NOT_START', 'The bot did not start.'],
  ['BOT_DID_NOT_STAY', 'The bot did not keep running.'],
  ['START_TIMED_OUT', 'The bot did not start in time.'],
  ['TIMEOUT', 'This took longer than it may.'],
]);

const KINDS: readonly { readonly codes: RegExp; readonly sentence: string }[] = [
  { codes: /-unfinished$/, sentence: 'A part of the work was not finished; it is left to later.' },
  {
    codes: /^(DOCKER|CONTAINER|SIMULAT|SUPERVISOR|PROGRAM|SESSION|SHELL|CONF|TAR)/,
    sentence: 'The host of the bot did not answer as it should.',
  },
  {
    codes: /^(BOT|STOP|STILL|START|REMOVAL|NOT_AT)/,
    sentence: 'The bot did not start or stop as ordered.',
  },
  { codes: /^POOL/, sentence: 'The list of bots in pools could not be read or written.' },
  {
    codes: /^(MONGODB|LOG|LEDGER|GROUP|TOMBSTONE|REQUEST_KEY|AUDIT)/,
    sentence: 'The database did not answer as it should.',
  },
  {
    codes: /^(WALLET|MARK|ALLOCATION|LOCKED|OTHER|ACCOUNT|ALREADY)/,
    sentence: 'Something else was at work on your wallet.',
  },
];

const OTHERWISE = 'This could not be done as it should; the code names the reason for an operator.';

/** Why sources could not answer, for the body of a problem: to operators as the sources gave them, and to users not at
 * all, beyond the sentence of the problem itself. An operator whom a user contacts finds it in the log by the
 * request's id. */
export function reasonsFor(
  request: FastifyRequest,
  reasons: readonly string[],
): { readonly reasons?: readonly string[] } {
  request.log.warn({ reasons }, 'sources do not answer');
  return audienceOf(identityOf(request)) === 'operator' ? { reasons } : {};
}
