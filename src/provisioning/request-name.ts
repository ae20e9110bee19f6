// What a request that carries an Idempotency-Key is called where it is remembered: beside the key, and in the saga that
// answers it. A hash, because the key is text of a client's choosing.

import { createHash } from 'node:crypto';
import type { UserId } from '../domain/ids.ts';

export function requestName(userId: UserId, key: string): string {
  return `${userId}/${createHash('sha256').update(key).digest('hex')}`;
}
