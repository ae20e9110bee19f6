// What is logged of an error, by a list of what may be: error objects of drivers carry commands with their arguments,
// requests with their headers, whole configurations. Nothing of an error is logged that is not named here.

import { redact } from '@reclaim/saga';

/** An error as it stands in a log line. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  /** The codes of system errors and drivers: `ECONNREFUSED`, `NotWritablePrimary`. */
  readonly [fact: string]: unknown;
}

const MESSAGE_CHARS = 500;
/** The message names every variable that is wrong, and the ways out. */
const TERMINAL_CHARS = 4_000;
const FACT_CHARS = 200;
/** Frames below these are the runtime's. */
const FRAMES = 20;
/** Causes within causes. */
const DEPTH = 5;
/** Of the errors that an AggregateError holds. */
const WIDTH = 5;

/** Words and numbers about what failed; never what it was done with. */
const FACTS = [
  ...['code', 'codeName', 'errno', 'syscall', 'address', 'port', 'hostname', 'signal'],
  ...['status', 'statusCode', 'reason', 'retryAfterMs', 'kind'],
] as const;

export function toLoggedError(error: Error): LoggedError {
  return logged(error, { depth: DEPTH, chars: MESSAGE_CHARS, above: new Set() });
}

interface Place {
  readonly depth: number;
  /** Of a message. */
  readonly chars: number;
  /** Errors that this one is a cause of: some are their own. */
  readonly above: ReadonlySet<unknown>;
}

function logged(error: Error, { depth, chars, above }: Place): LoggedError {
  const observed = new Set([...above, error]);
  const inner = { depth: depth - 1, chars, above: observed };
  const cause = read(error, 'cause');
  const hasCause = depth > 0 && cause !== undefined && !observed.has(cause);
  const errors = depth > 0 ? errorsIn(error).filter((one) => !observed.has(one)) : [];
  return {
    type: typeOf(error),
    message: redact(textIn(error, 'message'), chars),
    ...factsOf(error),
    ...(hasCause && { cause: loggedThrown(cause, inner) }),
    ...(errors.length > 0 && { errors: errors.map((one) => loggedThrown(one, inner)) }),
    stack: framesOf(error),
  };
}

/** Anything can be thrown; what is neither error nor text is shown by its type alone. */
function loggedThrown(thrown: unknown, place: Place): LoggedError {
  if (thrown instanceof Error) return logged(thrown, place);
  const message = typeof thrown === 'string' ? redact(thrown, place.chars) : '';
  return { type: typeof thrown, message };
}

/** The same for a person at a terminal: a line for each cause, and the frames of the first. */
export function describeThrown(thrown: unknown): string {
  const lines: string[] = [];
  let current: unknown = ofThrown(thrown);
  for (let depth = 0; depth <= DEPTH && isLogged(current); depth += 1) {
    const { type, message, code } = current;
    const head = `${type}: ${message}${code === undefined ? '' : ` (${String(code)})`}`;
    lines.push(depth === 0 ? head : `  because of ${head}`);
    if (depth === 0) lines.push(...framesIn(current));
    current = current.cause;
  }
  return lines.join('\n');
}

/** For a line that has room for the message alone. */
export function messageOfThrown(thrown: unknown): string {
  return ofThrown(thrown).message;
}

function ofThrown(thrown: unknown): LoggedError {
  return loggedThrown(thrown, { depth: DEPTH, chars: TERMINAL_CHARS, above: new Set() });
}

function framesIn({ stack }: LoggedError): string[] {
  return typeof stack === 'string' && stack !== '' ? [stack] : [];
}

function isLogged(value: unknown): value is LoggedError {
  return typeof value === 'object' && value !== null && 'message' in value;
}

function errorsIn(error: Error): readonly unknown[] {
  const errors: unknown = read(error, 'errors');
  return Array.isArray(errors) ? errors.slice(0, WIDTH) : [];
}

function factsOf(error: Error): Record<string, unknown> {
  const facts: Record<string, unknown> = {};
  for (const name of FACTS) {
    const value = read(error, name);
    if (typeof value === 'number' || typeof value === 'boolean') facts[name] = value;
    if (typeof value === 'string') facts[name] = redact(value, FACT_CHARS);
  }
  return facts;
}

// A stack begins with the message, which may quote anything over many lines; only its frames are taken.
function framesOf(error: Error): string {
  return textIn(error, 'stack')
    .split('\n', MAX_STACK_LINES)
    .filter((line) => line.trimStart().startsWith('at '))
    .slice(0, FRAMES)
    .map((line) => redact(line, FACT_CHARS))
    .join('\n');
}

const MAX_STACK_LINES = 200;

function typeOf(error: Error): string {
  const name = textIn(error, 'name');
  return redact(name === '' ? 'Error' : name, FACT_CHARS);
}

function textIn(error: Error, name: string): string {
  const value = read(error, name);
  return typeof value === 'string' ? value : '';
}

/** A getter may throw, and must not replace the error it belongs to. */
function read(error: Error, name: string): unknown {
  try {
    return Reflect.get(error, name);
  } catch {
    return undefined;
  }
}
