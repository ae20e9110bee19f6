// What may be shown of a text from another program: cut first, then without its secrets. Everything that is logged,
// stored as a failure or printed for a person goes through here.
//
// Cut before matching, because a text from outside may have any length; and a pattern finds only where a secret begins: where
// it ends is found by going on from there, once, so that no text takes a time that grows faster than its length.

const READ_CHARS = 4_000;
/** Of one word: what quotes a key or a token of 40 kB reveals no more by its end than by its beginning. */
const WORD_CHARS = 200;

interface Secret {
  /** What stands before it. */
  readonly after: RegExp;
  /** @returns where the secret begins and ends; null: what stands there is none. */
  readonly spanFrom: (text: string, from: number) => readonly [number, number] | null;
}

/** What drivers, HTTP clients and servers are known to quote. */
const SECRETS: readonly Secret[] = [
  // Whole headers.
  {
    after: /(?:authorization|cookie)/gi,
    spanFrom: (text, from) => valueFrom(text, from, LINE_ENDS),
  },
  { after: /\b(?:bearer|basic)\s/gi, spanFrom: wordFrom },
  { after: /(?<![\w-])eyJ/g, spanFrom: jwtFrom },
  // Names that mean a secret, in an address, a JSON text or a setting.
  ...[
    /token|password|passwd|pwd/gi,
    /secret|credentials|signature/gi,
    /api_?key|private_?key|session_?id/gi,
  ].map((after) => ({ after, spanFrom: settingFrom })),
  // A server that does not know a command quotes its arguments; HELLO and AUTH carry the password.
  {
    after: /with args beginning with:/gi,
    spanFrom: (text, from) => untilAny(text, from, LINE_ENDS),
  },
];

function settingFrom(text: string, from: number): readonly [number, number] | null {
  return valueFrom(text, from, VALUE_ENDS);
}

const LINE_ENDS = '\r\n';
const BLANKS = ' \t\r\n"\'';
const VALUE_ENDS = ' \t\r\n"\'&,;}';
/** Between a name and its value. */
const MAX_BETWEEN = 8;

/** @param limit in characters. */
export function redact(text: string, limit: number): string {
  const read = text.length <= READ_CHARS ? text : withoutLastWord(text.slice(0, READ_CHARS));
  const addressed = read.replace(/[^\s"'<>]+/g, withoutUser);
  const redacted = SECRETS.reduce(withoutSecret, addressed);
  const shortened = redacted.replace(/\S+/g, shorten);
  const isWhole = text.length <= READ_CHARS && shortened.length <= limit;
  return isWhole ? shortened : `${shortened.slice(0, limit - 1)}…`;
}

// A secret that is cut in half is still half a secret, and no pattern knows it any more.
function withoutLastWord(text: string): string {
  let end = text.length;
  while (end > 0 && !/\s/.test(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end);
}

// The user part of an address, up to the word's last @: a password may hold one, and a slash.
function withoutUser(word: string): string {
  const begin = word.indexOf('://');
  const end = word.lastIndexOf('@');
  if (begin < 0 || end < begin || isOwnFile(word, begin)) return word;
  return `${word.slice(0, begin + 3)}***${word.slice(end)}`;
}

/** A frame of a stack: folders of packages begin with @. */
function isOwnFile(word: string, begin: number): boolean {
  return word.slice(0, begin).endsWith('file') && word.indexOf('://', begin + 1) < 0;
}

function withoutSecret(text: string, { after, spanFrom }: Secret): string {
  let shown = '';
  let done = 0;
  for (const found of text.matchAll(after)) {
    if (found.index < done) continue;
    const span = spanFrom(text, found.index + found[0].length);
    if (span === null) continue;
    shown += `${text.slice(done, span[0])}***`;
    done = span[1];
  }
  return shown + text.slice(done);
}

/** `: value`, `="value`; null where no value is given. */
function valueFrom(text: string, from: number, ends: string): readonly [number, number] | null {
  let at = from;
  let hasMark = false;
  for (; at < from + MAX_BETWEEN && ' "\'\t:='.includes(text[at] ?? '-'); at += 1) {
    hasMark ||= text[at] === ':' || text[at] === '=';
  }
  return hasMark ? untilAny(text, at, ends) : null;
}

function wordFrom(text: string, from: number): readonly [number, number] | null {
  let at = from;
  while (at < from + MAX_BETWEEN && /\s/.test(text[at] ?? '')) at += 1;
  return untilAny(text, at, BLANKS);
}

function untilAny(text: string, from: number, ends: string): readonly [number, number] | null {
  let at = from;
  while (at < text.length && !ends.includes(text[at] ?? '')) at += 1;
  return at === from ? null : [from, at];
}

/** Three parts with dots between; the first has begun before. */
function jwtFrom(text: string, from: number): readonly [number, number] | null {
  let end = from;
  while (end < text.length && /[\w.-]/.test(text[end] ?? '')) end += 1;
  return text.slice(from, end).includes('.') ? [from - 'eyJ'.length, end] : null;
}

function shorten(word: string): string {
  return word.length <= WORD_CHARS ? word : `${word.slice(0, WORD_CHARS)}…`;
}
