// Jobs and their steps, in the words of the money's owner. A step that is not known here keeps its own name: a
// newer server is never shown wrong.

/** @typedef {import('../../src/api/schemas/job.ts').Job} Job */

/** What a step is called before, while and after it is done. @type {Record<string, [string, string, string]>} */
const STEPS = {
  'lock-allocation': ['Lock the allocation', 'Locking the allocation', 'Allocation locked'],
  'stop-container': ['Stop the bot', 'Stopping the bot', 'Bot stopped'],
  'update-pool-state': [
    'Take it out of its pool',
    'Taking it out of its pool',
    'Taken out of its pool',
  ],
  'refund-wallet': ['Return the money to your wallet', 'Returning the money', 'Money returned'],
  'write-transaction': ['Write the transaction', 'Writing the transaction', 'Transaction written'],
  'remove-container': ['Remove what is left', 'Removing what is left', 'What was found is removed'],
  'reserve-funds': ['Set the money aside', 'Setting the money aside', 'Money set aside'],
  'assign-slot': ['Find a slot in a pool', 'Finding a slot in a pool', 'Slot found'],
  'start-bot': ['Start the bot', 'Starting the bot', 'Bot started'],
  activate: ['Hand it over', 'Handing it over', 'Handed over'],
};

/** @param {Job['steps'][number]} step */
export function wordsOf({ name, status }) {
  const words = STEPS[name];
  if (words === undefined) return name;
  switch (status) {
    case 'pending':
      return words[0];
    case 'done':
      return words[2];
    case 'skipped':
      return `${words[0]}: left for later`;
    case 'failed':
      return `${words[0]}: not possible`;
    case 'compensated':
      return `${words[2]}, and undone`;
    case 'compensating':
    case 'aborting':
      return `${words[0]}: being undone`;
    default:
      return words[1];
  }
}

/** @type {Record<string, [going: string, done: string]>} */
const KINDS = {
  'delete-bot': ['Deleting', 'Deleted'],
  'reclaim-orphan': ['Reclaiming the money of', 'Reclaimed the money of'],
  'provision-bot': ['Starting', 'Started'],
};

/** @param {Job | null} job @param {string} name */
export function titleOf(job, name) {
  const [going, done] = KINDS[job?.kind ?? 'delete-bot'] ?? ['Working on', 'Worked on'];
  switch (job?.state) {
    case 'completed':
      return `${done} ${name}`;
    case 'compensated':
    case 'cancelled':
      return `${name}: nothing changed`;
    default:
      return `${going} ${name}`;
  }
}
