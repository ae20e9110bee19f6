// The observed state of a saga's bot in each source, beside the state that the log expects: what an operator reads
// before a verb is chosen. Every observation is fresh, bounded and timed; a source that did not answer is unknown with
// its reason (I4).

import { type SagaRecord, toFailure } from '@reclaim/saga';
import { type Static, Type } from 'typebox';
import { botOfKey } from '../deletion/bot-key.ts';
import { incarnationIdOf } from '../deletion/reclaim-orphan.ts';
import {
  type FirebaseUid,
  type InstanceId,
  parseFirebaseUid,
  parseUserId,
  type UserId,
} from '../domain/ids.ts';
import type { BotOfOwner } from '../pool-state/ownership.ts';
import { type ExpectedState, expectedStateOf, SOURCES } from './expected-state.ts';
import { createSourceObservers, type SourcePorts } from './observe-sources.ts';
import { timed } from './timed.ts';

export type ObservedState = Static<typeof OBSERVED_STATE>;
export const OBSERVED_STATE = Type.Object({
  at: Type.String(),
  /** Null: the saga is about no bot, and there is nothing to observe. */
  bot: Type.Union([
    Type.Object({
      userId: Type.Unsafe<UserId>(Type.String()),
      firebaseUid: Type.Union([Type.Unsafe<FirebaseUid>(Type.String()), Type.Null()]),
      instanceId: Type.Unsafe<InstanceId>(Type.String()),
    }),
    Type.Null(),
  ]),
  sources: Type.Array(
    Type.Object({
      source: Type.Enum([...SOURCES]),
      status: Type.Enum(['present', 'absent', 'unknown']),
      observed: Type.String({ description: 'In words; of an unknown one why.' }),
      /** By the log; null: nothing. */
      expected: Type.Union([Type.String(), Type.Null()]),
      tookMs: Type.Integer(),
    }),
  ),
});

/** An operator waits for the slowest source. */
const CHECK_TIMEOUT_MS = 5_000;

export function createObservedStateReader(ports: SourcePorts & { readonly now: () => Date }) {
  return async (saga: SagaRecord, signal: AbortSignal): Promise<ObservedState> => {
    const bot = botOf(saga);
    if (bot === null) return { at: ports.now().toISOString(), bot, sources: [] };
    const observations = createSourceObservers(ports, saga, {
      ...bot,
      incarnationId: incarnationIdOf(saga),
    });
    const expected = expectedOrReason(saga);
    const sources = await Promise.all(
      SOURCES.map(async (source) => {
        const { answer, tookMs } = await timed(observations[source], {
          ms: CHECK_TIMEOUT_MS,
          signal,
        });
        const state = answer.status === 'ok' ? answer.items : toUnknown(answer.reason);
        return { source, ...state, expected: expected[source], tookMs };
      }),
    );
    return { at: ports.now().toISOString(), bot, sources };
  };
}

function toUnknown(reason: string) {
  return { status: 'unknown' as const, observed: reason };
}

function botOf({ key, input }: SagaRecord): BotOfOwner | null {
  const instanceId = botOfKey(key);
  const userId = parseUserId(key.split('/')[1]);
  if (instanceId === null || userId === undefined) return null;
  const firebaseUid = parseFirebaseUid(Reflect.get(Object(input), 'firebaseUid')) ?? null;
  return { userId, firebaseUid, instanceId };
}

function expectedOrReason(saga: SagaRecord): ExpectedState {
  try {
    return expectedStateOf(saga);
  } catch (error) {
    const why = toFailure(error).message;
    return { wallet: why, 'pool-state': why, docker: why, tombstone: why, ledger: why };
  }
}
