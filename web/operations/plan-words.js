// A plan's lines and the verbs, in words. A line that is not known here is shown as it came.

/** @type {Record<string, (what: string) => string>} */
const LINES = {
  observe: (step) => `Check whether ${step} has been applied`,
  run: (step) => `Do ${step}`,
  compensate: (step) => `Undo ${step}`,
  abort: (step) => `Forbid ${step}, so that it can never happen`,
  begin: (step) => `Begin ${step}`,
  ends: (phase) =>
    phase === 'as vouched' ? 'Then it is what you vouch for' : `Then it is ${phase}`,
  stands: () => 'It stands still, and is stuck',
  releases: (what) => `Release ${what}`,
  leaves: (what) => `Leave ${what}`,
};

/** @param {string} line e.g. `run refund-wallet` */
export function stepWords(line) {
  const [verb = '', ...rest] = line.split(' ');
  return LINES[verb]?.(rest.join(' ')) ?? line;
}

/** @type {Record<string, string>} */
const VERBS = {
  hold: 'It waits for something that may never come. Its worker is fenced, and you decide with another verb.',
  retry:
    'It continues in the direction it was going, with fresh budgets. If every step succeeds it will:',
  compensate: 'It is undone. If every step succeeds it will:',
  skip: 'The step is skipped with a warning. If every other step succeeds it will:',
  resolve:
    'It ends by your decision: nothing is done or undone, and what it holds is given back. It will:',
};

/** @param {string} verb */
export function verbWords(verb) {
  return VERBS[verb] ?? verb;
}

/** @type {Record<string, string>} */
const CHOICES = {
  '': 'As planned: what it is stuck for has been put right',
  'stop-bot':
    'Only stop the bot: no money moves, and it is stuck again afterwards. A cancel starts the bot again',
};

/** @param {string} choice one that the plan names; empty: none of them */
export function choiceWords(choice) {
  return CHOICES[choice] ?? choice;
}
