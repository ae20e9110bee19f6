// When audits run: a moment after a saga has ended, for its user, and every hour for all users. In the
// background and bounded: sagas never wait for an audit, and where more of them end than can be audited at
// once, the hourly run has the rest.

import { createPeriodic, InterruptedError, isWithin, type LeaderLeases } from '@reclaim/saga';
import { parseUserId, type UserId } from '../../domain/ids.ts';
import type { AuditService } from './audit-service.ts';

export interface AuditScheduleDependencies {
  readonly service: AuditService;
  readonly leaderLeases: LeaderLeases;
  readonly onError: (error: unknown) => void;
  /** Default: two a pause, a pause of 100 ms. Twenty users a second cost the database a few per cent. */
  readonly pace?: { readonly atOnce: number; readonly pauseMs: number };
}

const HOUR_SECONDS = 3_600;
/**
 * How often the schedule checks whether the hour is over: a process that starts after a crash need not wait for one.
 */
const ASK_EVERY_MS = 60_000;
const HOLD_MS = 2 * ASK_EVERY_MS;
const PACE = { atOnce: 2, pauseMs: 100 };
/** Of the few users of one turn: one of them with the longest list that a document holds takes a minute. */
const AUDIT_LIMIT_MS = 5 * 60_000;
/** Of all users: a million users take some hours. */
const AUDIT_ALL_LIMIT_MS = 12 * 3_600_000;
/** Users waiting for their audit; more are left to the hourly run. */
const MAX_WAITING = 1_000;

export function createAuditSchedule(deps: AuditScheduleDependencies) {
  const { service, onError, pace = PACE } = deps;
  const waiting = new Set<UserId>();

  /** The users that wait, each once, however many of their sagas ended meanwhile. */
  async function turn(signal: AbortSignal): Promise<void> {
    const batch = [...waiting].slice(0, pace.atOnce);
    for (const userId of batch) waiting.delete(userId);
    await Promise.all(
      batch.map((userId) => service.checkUser(userId, { signal }).catch(unlessStopped(onError))),
    );
  }

  const afterSagas = createPeriodic({
    everyMs: pace.pauseMs,
    limitMs: AUDIT_LIMIT_MS,
    turn,
    onError,
  });
  const hourly = createPeriodic({
    everyMs: ASK_EVERY_MS,
    limitMs: AUDIT_ALL_LIMIT_MS,
    turn: (signal) => auditWhenDue(deps, signal).catch(unlessStopped(onError)),
    onError,
  });

  return {
    /** A saga of this user has ended. Never waits and never throws. */
    sagaEnded: (subject: string): void => {
      const userId = parseUserId(subject);
      if (userId !== undefined && waiting.size < MAX_WAITING) waiting.add(userId);
    },
    /** Idempotent. */
    start: (): void => {
      afterSagas.start();
      hourly.start();
    },
    /** Ends what is under way. Idempotent. */
    stop: async (): Promise<void> => {
      await Promise.all([afterSagas.stop(), hourly.stop()]);
    },
  };
}

async function auditWhenDue(
  { service, leaderLeases }: AuditScheduleDependencies,
  signal: AbortSignal,
): Promise<void> {
  const seconds = await service.secondsSinceBegun();
  if (seconds !== null && isWithin(seconds, HOUR_SECONDS)) return;
  if (await leaderLeases.hold('audit', HOLD_MS)) await service.auditAll({ signal });
}

function unlessStopped(onError: (error: unknown) => void) {
  return (error: unknown) => {
    if (!(error instanceof InterruptedError)) onError(error);
  };
}
