// What may be shown of a text that somebody else wrote: cut first, then without its secrets. Everything that is logged,
// stored as a failure or printed for a person goes through here.
//
// Cut before matching, because a text from outside may have any length: a pattern never sees more than READ_CHARS.

const READ_CHARS = 4_000;
/** Of one word: what quotes a key or a token of 40 kB says no more by its end than by its beginning. */
const WORD_CHARS = 200;

/** What drivers, HTTP clients and servers are known to quote. Each pattern is linear on what it is given. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // Whole headers.
  [
    /\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s{0,4}[:=]\s{0,4})[^\r\n]{1,4000}/gi,
    '$1$2***',
  ],
  [/\b(bearer|basic)\s{1,8}[\w.~+/=-]{1,4000}/gi, '$1 ***'],
  [/(?<![\w-])eyJ[\w-]{1,4000}\.[\w-]{1,4000}(?:\.[\w-]{1,4000})?/g, '***'],
  // Names that mean a secret, in an address, a JSON text or a setting.
  [
    /((?:token|password|passwd|pwd|secret|api_?key|private_?key|credentials?|session_?id|signature)["']?\s{0,4}[=:]\s{0,4}["']?)[^\s"'&,;}]{1,4000}/gi,
    '$1***',
  ],
  // A server that does not know a command quotes its arguments; HELLO and AUTH carry the password.
  [/(with args beginning with:)[^\r\n]{0,4000}/gi, '$1 ***'],
];

/** @param limit in characters. */
export function redact(text: string, limit: number): string {
  const read = text.length <= READ_CHARS ? text : withoutLastWord(text.slice(0, READ_CHARS));
  const addressed = read.replace(WORD, withoutUser);
  const redacted = SECRETS.reduce(
    (left, [secret, shown]) => left.replace(secret, shown),
    addressed,
  );
  const shortened = shortenWords(redacted);
  const isWhole = text.length <= READ_CHARS && shortened.length <= limit;
  return isWhole ? shortened : `${shortened.slice(0, limit - 1)}…`;
}

// A secret that is cut in half is still half a secret, and no pattern knows it any more.
function withoutLastWord(text: string): string {
  let end = text.length;
  while (end > 0 && !isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

function isBlank(code: number): boolean {
  return code <= 0x20;
}

const WORD = /[^\s"'<>]{1,4000}/g;

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

function shortenWords(text: string): string {
  return text.replace(LONG_WORD, (word) => `${word.slice(0, WORD_CHARS)}…`);
}

const LONG_WORD = /\S{201,4000}/g;
