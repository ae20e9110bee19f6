// What each source says of a saga's bot this second, beside what the log believes: what an operator reads before a verb
// is chosen. Every look is fresh, bounded and timed; a source that did not answer is unknown with its reason (I4).

import { type SagaRecord, toFailure } from '@reclaim/saga';
import { botOfKey } from '../deletion/bot-key.ts';
import { ALLOCATION_CAPTURE } from '../deletion/captures.ts';
import { STEP } from '../deletion/steps/step-ports.ts';
import { parseFirebaseUid, parseUserId } from '../domain/ids.ts';
import { type ExpectedState, expectedStateOf, SOURCES, type SourceName } from './expected-state.ts';
import {
  createSourceObservers,
  type Said,
  type WorldBot,
  type WorldPorts,
} from './observe-sources.ts';
import { timed } from './timed.ts';

export interface World {
  readonly at: Date;
  /** Null: the saga is about no bot, and there is nothing to look at. */
  readonly bot: WorldBot | null;
  readonly sources: readonly WorldSource[];
}

export interface WorldSource {
  readonly source: SourceName;
  readonly status: Said['status'] | 'unknown';
  /** In words; of an unknown one why. */
  readonly says: string;
  /** What the log believes; null: nothing. */
  readonly believed: string | null;
  readonly tookMs: number;
}

export type ReadWorld = (saga: SagaRecord, signal: AbortSignal) => Promise<World>;

/** An operator waits for the slowest source. */
const CHECK_TIMEOUT_MS = 5_000;

export function createWorldNow(ports: WorldPorts & { readonly now: () => Date }): ReadWorld {
  return async (saga, signal) => {
    const bot = botOf(saga);
    if (bot === null) return { at: ports.now(), bot, sources: [] };
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
        const said = answer.status === 'ok' ? answer.items : toUnknown(answer.reason);
        return { source, ...said, believed: expected[source], tookMs };
      }),
    );
    return { at: ports.now(), bot, sources };
  };
}

function toUnknown(reason: string) {
  return { status: 'unknown' as const, says: reason };
}

function botOf({ key, input }: SagaRecord): WorldBot | null {
  const instanceId = botOfKey(key);
  const userId = parseUserId(key.split('/')[1]);
  if (instanceId === null || userId === undefined) return null;
  const firebaseUid = parseFirebaseUid(Reflect.get(Object(input), 'firebaseUid')) ?? null;
  return { userId, firebaseUid, instanceId };
}

function incarnationIdOf({ state }: SagaRecord): string | null {
  const lock = state.steps.find(({ name }) => name === STEP.lock);
  try {
    return ALLOCATION_CAPTURE.readOrNull(lock?.capture)?.incarnationId ?? null;
  } catch {
    // Of a later version: the looks go on without it, and the beliefs say so.
    return null;
  }
}

function expectedOrReason(saga: SagaRecord): ExpectedState {
  try {
    return expectedStateOf(saga);
  } catch (error) {
    const why = toFailure(error).message;
    return { wallet: why, 'pool-state': why, docker: why, tombstone: why, ledger: why };
  }
}
