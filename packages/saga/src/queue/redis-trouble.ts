// What an error of Redis means for the server: which of the few states in which it cannot serve the queues it is in.
// One word for each, so that a log and a probe can distinguish a change of state from one more error of the same state.

export type RedisTrouble =
  /** It follows another server and refuses writes: it was demoted, and another is the primary now. */
  | 'read-only'
  /** It reads its data from disk. */
  | 'loading'
  /** It follows a primary that it cannot reach. */
  | 'primary-away'
  /** Its memory is full, and it must not evict anything. */
  | 'out-of-memory'
  /** It refuses writes because it cannot save, or cannot reach enough replicas. */
  | 'not-durable'
  /** It does not accept our name, our password or our command. */
  | 'access-refused'
  /** No connection, or no answer in time. */
  | 'unreachable';

/** A script that was refused carries the word in the middle of its message. */
const REFUSALS: readonly (readonly [RegExp, RedisTrouble])[] = [
  [/\b(?:READONLY|UNBLOCKED)\b/, 'read-only'],
  [/\bLOADING\b/, 'loading'],
  [/\bMASTERDOWN\b/, 'primary-away'],
  [/\bOOM\b/, 'out-of-memory'],
  [/\b(?:MISCONF|NOREPLICAS)\b/, 'not-durable'],
  [/\b(?:NOAUTH|WRONGPASS|NOPERM)\b/, 'access-refused'],
];

const AWAY_CODES: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'REDIS_UNREACHABLE'],
]);

/** Of ioredis, which has no codes for these. */
const AWAY_MESSAGE =
  /^(?:Connection is closed|Stream isn't writeable|Command timed out|Reached the max retries)/;

/** A message names its trouble at its beginning; the rest may be a whole script. */
const READ_CHARS = 300;

/** @returns null where the error does not speak of the server's state. */
export function redisTrouble(error: unknown): RedisTrouble | null {
  if (!(error instanceof Error)) return null;
  const message = error.message.slice(0, READ_CHARS);
  const refusal = REFUSALS.find(([pattern]) => pattern.test(message));
  if (refusal !== undefined) return refusal[1];
  const code = 'code' in error ? String(error.code) : '';
  return AWAY_CODES.has(code) || AWAY_MESSAGE.test(message) ? 'unreachable' : null;
}

/** Behind an unchanged address another server may be the primary by now: only a new socket can lead to it. A full memory
 * is no reason: the same server would answer the same. */
export function needsNewSocket(error: Error): boolean {
  const trouble = redisTrouble(error);
  return trouble === 'read-only' || trouble === 'loading' || trouble === 'primary-away';
}
