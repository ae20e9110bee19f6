// Finds every regular expression that the sources hold, literal by literal. A small scanner, not a parser: the sources are
// formatted by one tool, so what comes before a slash says whether it divides.

export interface RegexLiteral {
  readonly source: string;
  readonly flags: string;
  readonly line: number;
}

/** After these a slash begins a regular expression. */
const BEFORE = /(?:[(,=:[!&|?{};]|=>|\breturn|\bcase)$/;

export function findRegexLiterals(text: string): readonly RegexLiteral[] {
  const found: RegexLiteral[] = [];
  // Where a template's `${` was opened: what follows its `}` is text again.
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const char = text[at] ?? '';
    const pair = char + (text[at + 1] ?? '');
    if (pair === '//') at = endOf(text, at, '\n');
    else if (pair === '/*') at = endOf(text, at + 2, '*/');
    else if (char === "'" || char === '"') at = endOfQuoted(text, at + 1, char);
    else if (char === '`' || (char === '}' && templates.at(-1) === depth)) {
      if (char === '}') templates.pop();
      at = endOfTemplate(text, at + 1);
      if (text[at - 1] === '{') templates.push(depth);
    } else if (char === '/' && BEFORE.test(text.slice(Math.max(0, at - 20), at).trimEnd())) {
      const end = endOfRegex(text, at + 1);
      const flags = /^[a-z]*/.exec(text.slice(end + 1, end + 10))?.[0] ?? '';
      found.push({ source: text.slice(at + 1, end), flags, line: lineAt(text, at) });
      at = end + 1 + flags.length;
    } else {
      if (char === '{') depth += 1;
      if (char === '}') depth -= 1;
      at += 1;
    }
  }
  return found;
}

function endOf(text: string, from: number, mark: string): number {
  const end = text.indexOf(mark, from);
  return end < 0 ? text.length : end + mark.length;
}

function endOfQuoted(text: string, from: number, quote: string): number {
  let at = from;
  while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Behind the closing backtick, or behind the `${` that opens a place. */
function endOfTemplate(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '`') {
    if (text.startsWith('${', at)) return at + 2;
    at += text[at] === '\\' ? 2 : 1;
  }
  return at + 1;
}

function endOfRegex(text: string, from: number): number {
  let isInClass = false;
  let at = from;
  while (at < text.length && (isInClass || text[at] !== '/')) {
    if (text[at] === '[') isInClass = true;
    if (text[at] === ']') isInClass = false;
    at += text[at] === '\\' ? 2 : 1;
  }
  return at;
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}
