// The machine's events in words. One that is not known here keeps its own name: a newer server is never shown wrong.

/** @typedef {{ text: string, tone: '' | 'good' | 'bad' | 'warn' | 'order' }} Words */

/** @type {Record<string, Words>} */
const WORDS = {
  claimed: { text: 'Taken by a worker', tone: '' },
  'captured-all': { text: 'Looked at everything before touching it', tone: '' },
  captured: { text: 'looked at before it was touched', tone: '' },
  begun: { text: 'begun', tone: '' },
  succeeded: { text: 'done', tone: 'good' },
  observed: { text: 'looked at: what became of it', tone: '' },
  postponed: { text: 'waits', tone: '' },
  aborted: { text: 'forbidden before it could happen', tone: 'warn' },
  compensated: { text: 'undone', tone: 'warn' },
  'effects-fenced': { text: 'The worker before is shut out', tone: '' },
  woken: { text: 'woken', tone: '' },
  'gave-way': { text: 'Gave its place to another', tone: '' },
  'cancel-requested': { text: 'Cancel asked for', tone: 'order' },
  'retry-ordered': { text: 'retry ordered', tone: 'order' },
  'compensate-ordered': { text: 'compensate ordered', tone: 'order' },
  'skip-ordered': { text: 'skip ordered', tone: 'order' },
  'resolve-ordered': { text: 'resolved', tone: 'order' },
};

/** What an observation saw, where it could tell. @type {Record<string, Words>} */
const OBSERVED = {
  absent: { text: 'looked at: it has not happened', tone: '' },
  landed: { text: 'looked at: it has happened', tone: 'good' },
};

/**
 * @param {{ type: string, detail: string | null }} entry @param {number} attempt
 * @returns {Words & { detail: string | null }} the detail is null where the words say it
 */
export function eventWords({ type, detail }, attempt) {
  if (type === 'failed') return { text: `attempt ${attempt} failed`, tone: 'bad', detail };
  if (type === 'compensation-failed') {
    return { text: `undoing failed, attempt ${attempt}`, tone: 'bad', detail };
  }
  const seen = type === 'observed' ? OBSERVED[detail ?? ''] : undefined;
  if (seen !== undefined) return { ...seen, detail: null };
  return { ...(WORDS[type] ?? { text: type, tone: '' }), detail };
}
