// How many requests one user may send, counted by the verified user so that no user spends another's
// share. It fails open: a limit that cannot be counted must not stop a user from deleting a bot.

import rateLimit from '@fastify/rate-limit';
import fp from 'fastify-plugin';
import type { Redis } from 'ioredis';
import { ProblemError } from '../problem.ts';
import { identityOf } from '../viewer.ts';

export interface UserRateLimitOptions {
  readonly perMinute: number;
  readonly redis: Redis | null;
  readonly keyPrefix: string;
}

export function createUserRateLimit({ perMinute, redis, keyPrefix }: UserRateLimitOptions) {
  return fp(
    async (app) => {
      await app.register(rateLimit, {
        max: perMinute,
        timeWindow: 60_000,
        keyGenerator: (request) => identityOf(request).firebaseUid,
        skipOnError: true,
        nameSpace: `${keyPrefix}:rate-limit:`,
        cache: MAX_USERS_COUNTED,
        ...(redis === null ? {} : { redis }),
        errorResponseBuilder: (_request, { after }) =>
          new ProblemError('too-many-requests', `At most ${perMinute} a minute; wait ${after}.`),
      });
    },
    { name: 'user-rate-limit', dependencies: ['authentication'] },
  );
}

/** Users counted in memory at once; the least recently active are forgotten first. */
const MAX_USERS_COUNTED = 10_000;
