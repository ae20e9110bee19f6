// Sagas in the words of operators: their states, kinds and steps as the log names them.

/** @typedef {import('../../src/api/schemas/sagas.ts').SagaSummary} Saga */

/** The order is that of the list. */
export const STATES = [
  'stuck',
  'compensating',
  'running',
  'queued',
  'completed',
  'compensated',
  'cancelled',
];

export const KINDS = [
  'delete-bot',
  'reclaim-orphan',
  'provision-bot',
  'sync-wallet',
  'sync-all',
  'restart-bot',
];

/** @type {Record<string, string>} */
const TONES = {
  stuck: 'bad',
  compensating: 'warn',
  running: 'busy',
  queued: '',
  completed: 'good',
  compensated: 'warn',
  cancelled: '',
};

/** @param {string} state */
export function toneOf(state) {
  return TONES[state] ?? '';
}

/** @param {string} text */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What it is about: a bot, or all users. @param {Pick<Saga, 'botId' | 'kind' | 'subject'>} saga */
export function subjectOf({ botId, kind, subject }) {
  if (botId !== null) return botId;
  return kind === 'sync-all' ? 'All users' : `User ${subject}`;
}

/** Where it stands, or why; null where its state is enough. @param {Saga} saga */
export function whereOf({ step, error, warnings }) {
  if (error !== null) return `${error.step}: ${error.code}`;
  if (step !== null) return step;
  if (warnings.length > 0)
    return `${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'}`;
  return null;
}

export function isOpen(/** @type {Pick<Saga, 'state'>} */ { state }) {
  return state !== 'completed' && state !== 'compensated' && state !== 'cancelled';
}
