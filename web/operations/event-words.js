// The machine's events in words. One that is not known here keeps its own name: a newer server is never shown wrong.

/** @typedef {{ text: string, tone: '' | 'good' | 'bad' | 'warn' | 'order' }} Words */

/** @type {Record<string, Words>} */
const WORDS = {
  claimed: { text: 'Claimed by worker', tone: '' },
  resumed: { text: 'Resumed from where the last worker left it', tone: '' },
  'captured-all': { text: 'All states captured before the first effect', tone: '' },
  captured: { text: 'state captured before the effect', tone: '' },
  begun: { text: 'begun', tone: '' },
  succeeded: { text: 'done', tone: 'good' },
  observed: { text: 'Checked', tone: '' },
  postponed: { text: 'waits', tone: '' },
  aborted: { text: 'forbidden before it could happen', tone: 'warn' },
  compensated: { text: 'undone', tone: 'warn' },
  'effects-fenced': { text: 'Previous worker fenced', tone: '' },
  woken: { text: 'woken', tone: '' },
  preempted: { text: 'Ended in favour of another job', tone: '' },
  'cancel-requested': { text: 'Cancel requested', tone: 'order' },
  'hold-ordered': { text: 'hold ordered', tone: 'order' },
  'retry-ordered': { text: 'retry ordered', tone: 'order' },
  'compensate-ordered': { text: 'compensate ordered', tone: 'order' },
  'skip-ordered': { text: 'skip ordered', tone: 'order' },
  'resolve-ordered': { text: 'resolved', tone: 'order' },
};

/** The result of an observation, where there is one. @type {Record<string, Words>} */
const OBSERVED = {
  absent: { text: 'Checked: not applied', tone: '' },
  landed: { text: 'Checked: applied', tone: 'good' },
};

/**
 * @param {{ type: string, detail: string | null }} entry @param {number} attempt
 * @returns {Words & { detail: string | null }} the detail is null where the words include it
 */
export function eventWords({ type, detail }, attempt) {
  if (type === 'failed') return { text: `attempt ${attempt} failed`, tone: 'bad', detail };
  if (type === 'compensation-failed') {
    return { text: `undoing failed, attempt ${attempt}`, tone: 'bad', detail };
  }
  const result = type === 'observed' ? OBSERVED[detail ?? ''] : undefined;
  if (result !== undefined) return { ...result, detail: null };
  return { ...(WORDS[type] ?? { text: type, tone: '' }), detail };
}
