// A bot in plain words: what the three sources say together, and why. The verdict is the server's; only the words
// are ours. I4: unknown is never shown as gone.

/** @typedef {import('../../src/api/schemas/bots.ts').BotView} BotView */
/** @typedef {{ label: string, tone: 'good' | 'warn' | 'bad' | 'busy' | 'plain', why: string | null }} BotState */

/** @param {BotView} bot @returns {BotState} */
export function stateOf(bot) {
  if (bot.allocation.status === 'present' && bot.allocation.jobId !== null) {
    return { label: 'Being deleted', tone: 'busy', why: null };
  }
  switch (bot.verdict) {
    case 'orphan':
      return { label: 'Orphaned', tone: 'warn', why: whyOrphaned(bot) };
    case 'ghost':
      return {
        label: 'Left over',
        tone: 'warn',
        why: 'It exists, but holds no money. It can be deleted.',
      };
    case 'stale-entry':
      return {
        label: 'Left over',
        tone: 'warn',
        why: 'Only its pool still lists it. Sync Wallet removes the entry.',
      };
    case 'unknown':
      return {
        label: 'Unknown',
        tone: 'plain',
        why: `${whyUnknown(bot)} Your money stays with the bot until it does.`,
      };
    case 'nothing':
      return { label: 'Gone', tone: 'plain', why: 'It is in no source any more.' };
    case 'lost-entry':
      return { ...alive(bot), why: 'Its pool has lost its entry. Sync Wallet writes it again.' };
    default:
      return alive(bot);
  }
}

/** The order in which bots are shown: what needs somebody first. @param {BotView} bot */
export function urgencyOf(bot) {
  const { tone } = stateOf(bot);
  return ['warn', 'bad', 'plain', 'busy', 'good'].indexOf(tone);
}

/** @param {BotView} bot @returns {BotState} */
function alive({ docker, health }) {
  const isRunning = docker.status === 'present' && docker.running;
  switch (health?.state) {
    case 'failing':
      return {
        label: 'Failing',
        tone: 'bad',
        why: 'It did not run at the last looks; it is looked at again.',
      };
    case 'failed':
      return {
        label: 'Failed',
        tone: 'bad',
        why: `It does not run${restartsOf(health.restarts)}.`,
      };
    case 'given-up':
      return {
        label: 'Failed',
        tone: 'bad',
        why: 'It was started again three times and does not stay up.',
      };
    case 'pool-down':
      return { label: 'Pool down', tone: 'bad', why: 'The pool that it lives in does not run.' };
    case 'changing':
      return { label: isRunning ? 'Starting' : 'Stopping', tone: 'busy', why: null };
    default:
      return isRunning
        ? { label: 'Running', tone: 'good', why: null }
        : { label: 'Stopped', tone: 'plain', why: 'It is there, and does not run.' };
  }
}

/** @param {number} restarts */
function restartsOf(restarts) {
  return restarts === 0
    ? ''
    : `, and was started again ${restarts === 1 ? 'once' : `${restarts} times`}`;
}

/** @param {BotView} bot */
function whyOrphaned({ poolState }) {
  const where =
    poolState.status === 'present'
      ? 'Its pool lists it, but Docker has no such bot.'
      : 'It is in your wallet, not in the pool and not in Docker.';
  return `${where} Sync Wallet returns its money.`;
}

/** @param {BotView} bot */
function whyUnknown({ poolState, docker }) {
  const unknown = [docker, poolState].find(({ status }) => status === 'unknown');
  return unknown !== undefined && 'reason' in unknown
    ? sentence(unknown.reason)
    : 'A source did not answer.';
}

/** @param {string} text */
function sentence(text) {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return capital.endsWith('.') ? capital : `${capital}.`;
}
