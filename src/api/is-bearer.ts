// Whether a header brings a token that we chose ourselves; the time a refusal takes reveals nothing about the token.

import { createHash, timingSafeEqual } from 'node:crypto';

export function isBearer(header: string | undefined, token: string): boolean {
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
