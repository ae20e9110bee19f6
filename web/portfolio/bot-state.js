// The order of bots, and what there is to do with them. The verdict on a bot, and its words, are the server's.

/** @typedef {import('../../src/api/schemas/bots.ts').BotView} BotView */

/** The order in which bots are shown: what needs a decision first. @param {BotView} bot */
export function urgencyOf({ description }) {
  return ['warn', 'bad', 'plain', 'busy', 'good'].indexOf(description.tone);
}

/** What would come back; null where there is none, or none that can be paid. @param {BotView['allocation']} allocation */
export function worthOf(allocation) {
  return allocation.status === 'absent' ? null : allocation.worth;
}
