// A plan's lines and the verbs, in words. A line that is not known here is shown as it came.

/** @type {Record<string, (what: string) => string>} */
const LINES = {
  observe: (step) => `Look whether ${step} has happened`,
  run: (step) => `Do ${step}`,
  compensate: (step) => `Undo ${step}`,
  abort: (step) => `Forbid ${step}, so that it can never happen`,
  begin: (step) => `Begin ${step}`,
  ends: (phase) => `Then it is ${phase}`,
};

/** @param {string} line e.g. `run refund-wallet` */
export function stepWords(line) {
  const [verb = '', ...rest] = line.split(' ');
  return LINES[verb]?.(rest.join(' ')) ?? line;
}

/** @type {Record<string, string>} */
const VERBS = {
  retry:
    'It goes on in the direction it was going, with fresh budgets. If everything goes well it will:',
  compensate: 'It goes back. If everything goes well it will:',
  skip: 'The step is given up with a warning. If everything else goes well it will:',
  resolve:
    'It ends on your word: nothing is done or undone, and its mark and its key are given back.',
};

/** @param {string} verb */
export function verbWords(verb) {
  return VERBS[verb] ?? verb;
}
