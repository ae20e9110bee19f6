// How long a caller wants an answer held back: `Prefer: wait=N` and `respond-async` of RFC 7240.
// A preference that is not known here is ignored, as the RFC demands; a `wait` that cannot be honoured is
// refused before anything happens, because a client that assumes it waited would report a wrong end.

import { problem } from './problem.ts';

/** Longest wait in seconds: below the idle limit of common proxies. */
const MAX_WAIT_SECONDS = 60;

export interface WaitPreference {
  readonly seconds: number;
  /** The value of Preference-Applied; null when the default decided. */
  readonly applied: string | null;
}

/** @throws Problem `invalid-prefer` for a `wait` that is not a whole number from 0 to 60. */
export function parseWaitPreference(
  header: string | readonly string[] | undefined,
  defaultSeconds: number,
): WaitPreference {
  const preferences = parsePreferences(typeof header === 'string' ? header : (header ?? []).join());
  const wait = preferences.get('wait');
  if (wait !== undefined) {
    const seconds = /^\d{1,4}$/.test(wait) ? Number(wait) : Number.NaN;
    if (!(seconds <= MAX_WAIT_SECONDS)) {
      const limit = `a whole number of seconds from 0 to ${MAX_WAIT_SECONDS}`;
      throw problem('invalid-prefer', `The preference "wait" must be ${limit}.`);
    }
    return { seconds, applied: `wait=${seconds}` };
  }
  if (preferences.has('respond-async')) return { seconds: 0, applied: 'respond-async' };
  return { seconds: defaultSeconds, applied: null };
}

/** Names in lower case with their values; the first of a name counts. A value that does not parse is
 * kept as text that no rule accepts. */
function parsePreferences(header: string): ReadonlyMap<string, string> {
  const preferences = new Map<string, string>();
  for (const element of splitOutsideQuotes(header, ',')) {
    const [preference = ''] = splitOutsideQuotes(element, ';');
    const equals = preference.indexOf('=');
    const name = (equals < 0 ? preference : preference.slice(0, equals)).trim().toLowerCase();
    const value = equals < 0 ? '' : unquote(preference.slice(equals + 1).trim());
    if (name !== '' && !preferences.has(name)) preferences.set(name, value);
  }
  return preferences;
}

// One pass over the text: a regular expression for this grammar backtracks on hostile input.
function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  const context: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === separator) {
      context.push(text.slice(start, at));
      start = at + 1;
    }
  }
  context.push(text.slice(start));
  return context;
}

function unquote(word: string): string {
  return word.length >= 2 && word.startsWith('"') && word.endsWith('"')
    ? word.slice(1, -1).replaceAll(/\\(.)/g, '$1')
    : word;
}
