// A bot in one sentence and one word, by its verdict: the page shows these and makes none of its own, so that no two
// parts of it can contradict each other. I4: unknown is never described as gone.

import { assertNever } from '../domain/assert-never.ts';
import type { HealthState } from '../health/bot-healths.ts';
import type { BotVerdict } from '../sync/bot-view.ts';

export const TONES = ['good', 'warn', 'bad', 'busy', 'plain'] as const;

export interface BotDescription {
  readonly label: string;
  readonly tone: (typeof TONES)[number];
  readonly sentence: string | null;
}

export interface BotFacts {
  readonly verdict: BotVerdict;
  readonly allocation:
    | { readonly status: 'present'; readonly worth: number | null }
    | { readonly status: 'absent' };
  readonly poolState: Place;
  readonly docker: Place;
  readonly isRunning: boolean;
  readonly health: { readonly state: HealthState; readonly restarts: number } | null;
}

/** The reason may be shown to a user. */
interface Place {
  readonly status: 'present' | 'absent' | 'unknown';
  readonly reason?: string;
}

export function describeBot(bot: BotFacts): BotDescription {
  switch (bot.verdict) {
    case 'busy':
      return { label: 'Being deleted', tone: 'busy', sentence: 'A job is at work on it.' };
    case 'pending':
      return {
        label: 'Starting',
        tone: 'busy',
        sentence: 'The platform is starting it. Sync Wallet leaves it alone until it is there.',
      };
    case 'settled':
      return {
        label: 'Left alone',
        tone: 'warn',
        sentence:
          'It was paid back before, and stands in your wallet again. Sync Wallet leaves it alone; an operator decides.',
      };
    case 'not-money':
      return {
        label: 'Left alone',
        tone: 'warn',
        sentence:
          'It exists nowhere, and its amount in your wallet cannot be paid. Sync Wallet leaves it alone; an operator has to check it.',
      };
    case 'orphan':
      return { label: 'Orphaned', tone: 'warn', sentence: whyOrphaned(bot) };
    case 'ghost':
      return {
        label: 'Left over',
        tone: 'warn',
        sentence: 'It exists, but holds no money. It can be deleted.',
      };
    case 'stale-entry':
      return {
        label: 'Left over',
        tone: 'warn',
        sentence: 'Only its pool still lists it. Sync Wallet removes the entry.',
      };
    case 'unknown':
      return { label: 'Unknown', tone: 'plain', sentence: whyUnknown(bot) };
    case 'nothing':
      return { label: 'Gone', tone: 'plain', sentence: 'It is in no source any more.' };
    case 'lost-entry':
      return {
        ...alive(bot),
        sentence: 'Its pool has lost its entry. Sync Wallet writes it again.',
      };
    case 'live':
      return withAmount(bot, alive(bot));
    default:
      return assertNever(bot.verdict);
  }
}

/** The bot keeps running; its owner learns before a deletion that its amount is none. */
function withAmount({ allocation }: BotFacts, description: BotDescription): BotDescription {
  if (allocation.status !== 'present' || allocation.worth !== null) return description;
  const amount = 'Its amount in your wallet cannot be paid: an operator has to check it.';
  return {
    ...description,
    sentence: description.sentence === null ? amount : `${description.sentence} ${amount}`,
  };
}

function alive({ isRunning, health }: BotFacts): BotDescription {
  const state = health?.state ?? 'healthy';
  const hasFailed = ['failing', 'failed', 'given-up', 'pool-down'].includes(state);
  if (isRunning && hasFailed) {
    const sentence = 'It did not run at earlier checks, and runs at this one.';
    return { label: 'Coming back', tone: 'busy', sentence };
  }
  switch (state) {
    case 'failing':
      return bad('Failing', 'It did not run at the last checks; it is checked again.');
    case 'failed':
      return bad('Failed', `It does not run${restartsOf(health?.restarts ?? 0)}.`);
    case 'given-up':
      return bad('Failed', 'It was started again three times and does not stay up.');
    case 'pool-down':
      return bad('Pool down', 'Its pool does not run.');
    case 'changing':
      return { label: isRunning ? 'Starting' : 'Stopping', tone: 'busy', sentence: null };
    case 'healthy':
    case 'stopped':
      return isRunning
        ? { label: 'Running', tone: 'good', sentence: null }
        : { label: 'Stopped', tone: 'plain', sentence: 'It is there, and does not run.' };
    default:
      return assertNever(state);
  }
}

function bad(label: string, sentence: string): BotDescription {
  return { label, tone: 'bad', sentence };
}

function restartsOf(restarts: number): string {
  if (restarts === 0) return '';
  return `, and was started again ${restarts === 1 ? 'once' : `${restarts} times`}`;
}

function whyOrphaned({ poolState, allocation }: BotFacts): string {
  const where =
    poolState.status === 'present'
      ? 'Its pool lists it, but Docker has no such bot.'
      : 'It is in your wallet, not in the pool and not in Docker.';
  const isEmpty = allocation.status === 'present' && allocation.worth === 0;
  return isEmpty
    ? `${where} It is worth nothing: Sync Wallet removes it.`
    : `${where} Sync Wallet returns its money.`;
}

function whyUnknown({ poolState, docker, allocation }: BotFacts): string {
  const why = [docker, poolState].find(({ status }) => status === 'unknown')?.reason;
  const reason = sentence(why ?? 'a source did not answer');
  return allocation.status === 'present'
    ? `${reason} Your money stays with the bot until it does.`
    : `${reason} It holds no money.`;
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return capital.endsWith('.') ? capital : `${capital}.`;
}
