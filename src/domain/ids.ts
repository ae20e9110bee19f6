// The identifiers of the platform, branded so that one can never be passed where another is meant.
// Parsed once, at the edge. An id is data: it never becomes part of a path or of a query's field path.

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** A user's `_id`, as 24 hexadecimal characters. Users are named by it; the firebaseUid stands beside it. */
export type UserId = Branded<string, 'UserId'>;
/** The uid of Firebase Auth, and the `userId` of the pool state file. */
export type FirebaseUid = Branded<string, 'FirebaseUid'>;
/** A bot's id: the key in `botAllocations`, in `botMapping` and in Docker's labels. */
export type InstanceId = Branded<string, 'InstanceId'>;

// The platform takes any text that its clients send for an id, and money stands under it: `_x`, `-x`, `auth0|x-bot-1`,
// an address of mail, a blank in the middle. All of it can be deleted; what an id could do to a path, a line or a
// pattern is escaped or refused where it is used. Only what no name can hold is no id: nothing, a folder's own names,
// control characters.
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it refuses.
const INSTANCE_ID = /^(?!\.{1,2}$)[^\x00-\x1f\x7f]{1,128}$/;
const NEW_INSTANCE_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const USER_ID = /^[0-9a-f]{24}$/;

/** The pattern of a bot that exists; new bots are held to a stricter one. Source of the rule: the API contract. */
export const INSTANCE_ID_PATTERN = INSTANCE_ID.source;

export function parseInstanceId(text: unknown): InstanceId | undefined {
  return typeof text === 'string' && INSTANCE_ID.test(text) ? (text as InstanceId) : undefined;
}

/** The stricter pattern of ids that are given out: no dots, which MongoDB and mongoose stumble over, and never
 * the beginning of a pool's name. Source of the rule: the API contract. */
export function parseNewInstanceId(text: string): InstanceId | undefined {
  return NEW_INSTANCE_ID.test(text) && !text.startsWith('pool-')
    ? parseInstanceId(text)
    : undefined;
}

export function parseUserId(text: unknown): UserId | undefined {
  return typeof text === 'string' && USER_ID.test(text) ? (text as UserId) : undefined;
}

/** Firebase allows 1 to 128 characters; the platform's are plain text without white space or slashes. */
export function parseFirebaseUid(text: unknown): FirebaseUid | undefined {
  return typeof text === 'string' && /^[^\s/]{1,128}$/.test(text)
    ? (text as FirebaseUid)
    : undefined;
}

/** For values this program made itself or read from its own collections; throws on anything else. */
export function toUserId(text: unknown): UserId {
  return mustBe(parseUserId(text), 'user id', text);
}

export function toInstanceId(text: unknown): InstanceId {
  return mustBe(parseInstanceId(text), 'instance id', text);
}

export function toFirebaseUid(text: unknown): FirebaseUid {
  return mustBe(parseFirebaseUid(text), 'firebase uid', text);
}

/** Stands for a user whose own `_id` is no id of a user: they exist, and nothing can be done in their name. */
export const NO_USER: UserId = toUserId('0'.repeat(24));

function mustBe<T>(parsed: T | undefined, what: string, text: unknown): T {
  if (parsed === undefined) throw new TypeError(`not a valid ${what}: ${JSON.stringify(text)}`);
  return parsed;
}
