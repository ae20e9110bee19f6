// Saga ids sort by the time they were made and cannot be guessed: `<prefix>-<9 characters of time><13 of
// chance>`, in base 36. No `:`, not an integer: BullMQ refuses those as job ids.

import { createHash } from 'node:crypto';

declare const brand: unique symbol;

/** A saga's id, which is also the job id of the API and of the queue: no `:`, not an integer (BullMQ). */
export type SagaId = string & { readonly [brand]: 'SagaId' };

const SAGA_ID = /^[a-z]{2,12}-[0-9A-Za-z]{10,40}$/;

export function parseSagaId(text: unknown): SagaId | undefined {
  return typeof text === 'string' && SAGA_ID.test(text) ? (text as SagaId) : undefined;
}

/** For values that this program made itself or read from its own collections; throws a TypeError on anything else. */
export function toSagaId(text: unknown): SagaId {
  const parsed = parseSagaId(text);
  if (parsed === undefined) throw new TypeError(`not a valid saga id: ${JSON.stringify(text)}`);
  return parsed;
}

const TIME_LENGTH = 9;
const CHANCE_LENGTH = 13;

/** @param prefix names the kind, e.g. `del`. @param random at least 13 random bytes.
 * @throws RangeError for fewer: the id could be guessed. */
export function makeSagaId(prefix: string, nowMs: number, random: Uint8Array): SagaId {
  if (random.length < CHANCE_LENGTH) throw new RangeError(`${random.length} bytes are too few`);
  const time = Math.trunc(nowMs).toString(36).padStart(TIME_LENGTH, '0');
  return toSagaId(`${prefix}-${time}${chanceOf(random)}`);
}

/** The id of the one child that its parent has under this name: the same in every process, so that a child that is begun
 * twice is one (I8). As hard to guess as its parent's. Two kinds may share a prefix. */
export function childSagaId(
  { kind, prefix }: { readonly kind: string; readonly prefix: string },
  parent: SagaId,
  name: string,
): SagaId {
  const [, made = ''] = parent.split('-');
  const digest = createHash('sha256')
    .update(JSON.stringify([parent, kind, name]))
    .digest();
  return toSagaId(`${prefix}-${made.slice(0, TIME_LENGTH)}${chanceOf(digest)}`);
}

function chanceOf(bytes: Uint8Array): string {
  return [...bytes.subarray(0, CHANCE_LENGTH)].map((byte) => (byte % 36).toString(36)).join('');
}
