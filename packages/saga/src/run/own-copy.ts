// What the log will give back of a value, as a copy of the engine's own, made when the value is handed over: an input when its
// saga is started, a capture or a result when its step returns it. A process goes on with what it has, another one with what
// the log has, and both must be the same. An object that its owner changes later, or that a step changes, would be another
// one here than there: one input used for many starts, a capture that is the very object its `run` changes.

import { HoldError } from '../errors.ts';
import type { Json } from '../json.ts';

/** What a document of MongoDB cannot hold is left to the log, which refuses it. */
const MAX_DEPTH = 150;
const MAX_PARTS = 2_000_000;

/** @param what for the message: `the capture of cancel-subscription`.
 * @throws HoldError NOT_STORABLE for what would come back as something else: a bigint, a Map, an Error, a function. */
export function ownCopy<T extends Json>(value: T, what: string): T {
  // The place of what is refused. Kept as it is walked, and written out only then: every value of every step passes here.
  const path: (string | number)[] = [];
  let parts = 0;
  function copy(part: unknown): unknown {
    if (typeof part !== 'object') return refuseChanged(part);
    if (part === null) return null;
    parts += 1;
    if (path.length > MAX_DEPTH || parts > MAX_PARTS) throw TOO_LARGE;
    if (Array.isArray(part))
      return Object.freeze(Array.from(part, (one, at) => copyAt(at, one ?? null)));
    const made: unknown = Object.getPrototypeOf(part);
    if (made !== Object.prototype && made !== null) {
      refuseChanged(part);
      if (part instanceof Date) return new Date(part);
      // A value of the database's own, which a document of another program may hold.
      if ('_bsontype' in part) return part;
      if ('toBSON' in part && typeof part.toBSON === 'function')
        return copyAt('toBSON', part.toBSON());
    }
    const fields: [string, unknown][] = [];
    for (const [key, one] of Object.entries(part)) {
      if (one !== undefined) fields.push([key, copyAt(key, one)]);
    }
    return Object.freeze(Object.fromEntries(fields));
  }
  function copyAt(key: string | number, part: unknown): unknown {
    path.push(key);
    const copied = copy(part);
    path.pop();
    return copied;
  }
  function refuseChanged(part: unknown): unknown {
    const name = changed(part);
    if (name === null) return part;
    const place = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
    const message = `${what}${place} is ${name}, which the log cannot give back as it is`;
    throw new HoldError('NOT_STORABLE', message);
  }
  try {
    return copy(value) as T;
  } catch (error) {
    if (error instanceof HoldError) throw error;
    // A circle, or a field that cannot be read.
    return value;
  }
}

const TOO_LARGE = new RangeError('too large to be stored');

/** @returns what it is; null: the log gives it back as it is. */
function changed(value: unknown): string | null {
  switch (typeof value) {
    case 'bigint':
    case 'function':
    case 'symbol':
      return `a ${typeof value}`;
    case 'object':
      return CHANGED.find(([, type]) => value instanceof type)?.[0] ?? null;
    default:
      return null;
  }
}

const CHANGED = [
  ['a Map', Map],
  ['a Set', Set],
  ['a promise', Promise],
  ['an error', Error],
  ['a buffer', ArrayBuffer],
  ['bytes', Object.getPrototypeOf(Uint8Array)],
] as const;
