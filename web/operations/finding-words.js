// Findings and what may be decided about them, in words.

/** @typedef {import('./findings.js').Action} Action */

/** @type {Record<string, string>} */
const KINDS = {
  resurrected:
    'An allocation that was paid back stands in the wallet again: an old copy was written over it.',
  'id-conflict':
    'A container or a pool entry carries this id and belongs to another user; it is left alone.',
  'unrecorded-change': 'A balance moved without any record of why.',
  'paid-twice': 'One incarnation of a bot was paid twice.',
  'too-many-rows': 'The wallet holds more transactions than a document should.',
  'constraint-violation': 'A document breaks a rule of its collection.',
  'unreadable-row':
    'A row of the pool state cannot be read: the state of its bots, and of no others, is unknown.',
  'unmapped-bot':
    'A bot of a pool has lost its entry in the pool state, and it cannot be made again without guessing: the evidence names the reason. The platform does not know the bot.',
  'not-money':
    'A bot exists nowhere, and its money cannot come back: a number of its allocation is no amount. Put it right in the wallet; the next run pays it.',
  'unconfirmed-start':
    'There were allocations here before the first start. Automatic runs only report, and pay nothing, until their report is confirmed: compare it with the platform, then acknowledge.',
};

/** @param {string} kind */
export function wordsOf(kind) {
  return KINDS[kind] ?? 'Of a kind that this page does not know.';
}

/** @type {readonly { action: Action, label: string, effect: string }[]} */
const ACTIONS = [
  {
    action: 'remove',
    label: 'Remove',
    effect: 'The allocation is taken out of the wallet and not paid: it was paid before.',
  },
  {
    action: 'accept-as-new',
    label: 'Accept as new',
    effect: 'The allocation becomes a new incarnation, which may be paid once more.',
  },
  {
    action: 'restore',
    label: 'Restore',
    effect:
      'The refunds that a stale save took back, named in the evidence, are paid in once more, as a payment of its own.',
  },
  {
    action: 'acknowledge',
    label: 'Acknowledge',
    effect:
      'Nothing is changed and the finding is not shown again. That of a first start is thereby confirmed: its runs pay from now on.',
  },
];

/** @param {import('./findings.js').Finding} finding */
export function actionsOf({ kind, evidence }) {
  const { undone } = evidence;
  const isUndone = kind === 'unrecorded-change' && Array.isArray(undone) && undone.length > 0;
  const other = isUndone ? ['restore', 'acknowledge'] : ['acknowledge'];
  const allowed = kind === 'resurrected' ? ['remove', 'accept-as-new'] : other;
  return ACTIONS.filter(({ action }) => allowed.includes(action));
}
