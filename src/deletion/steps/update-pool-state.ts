// Step 3: the bot leaves its pool and the mapping. Its slot and port stay taken until it is observed gone:
// the tombstone remembers them. I5: the change is fenced inside the lock.

import type { Observed, Warning, WithWarnings } from '@reclaim/saga';
import { findEntryOf } from '../../bots/locate-owned.ts';
import type { InstanceId } from '../../domain/ids.ts';
import {
  entryOfSame,
  isPlacedSince,
  OWNED_ENTRY,
  type OwnBot,
  type OwnedEntry,
  takingOut,
} from '../../pool-state/owned-entry.ts';
import { portHolder } from '../../pool-state/pool-slots.ts';
import { type PoolEntry, type PoolState, putBack } from '../../pool-state/pool-state.ts';
import { forBot } from '../../pool-state/unreadable-rows.ts';
import { type GaveUp, POOL } from '../captures.ts';
import { stopDeadline } from '../stop-policy.ts';
import { holdsAllocation } from './replacements.ts';
import {
  type DeletionCall,
  type DeletionPorts,
  STEP,
  UNDO_RETRY,
  UNTIL_DEADLINE,
} from './step-ports.ts';

const POOL_ATTEMPT_MS = 10_000;

type PoolCall = DeletionCall & { readonly capture: OwnedEntry };

export function updatePoolState(ports: DeletionPorts) {
  const { poolStates } = ports;
  return {
    retry: UNTIL_DEADLINE,
    compensateRetry: UNDO_RETRY,
    timeoutMs: POOL_ATTEMPT_MS,
    captureSchema: OWNED_ENTRY,
    resultSchema: POOL,
    capture: async (call: DeletionCall): Promise<OwnedEntry | null> => {
      const { instanceId, ...owner } = call.input;
      const answer = await readFor(ports, instanceId, call);
      if (answer.status === 'unknown') return null;
      const bot = { owner, instanceId, holdsAllocation: () => holdsAllocation(ports, call) };
      return findEntryOf(ports.wallets, answer.items, bot);
    },
    // No result, unless the deadline leaves one.
    run: async (call: PoolCall): Promise<WithWarnings<GaveUp> | undefined> => {
      // A bot that the state does not know costs no lock and no write.
      if (call.capture.entry === null) return;
      const bot = capturedBotOf(call);
      const { fence, signal } = call;
      const about = { bots: [bot.instanceId] };
      await poolStates.mutate({ change: takingOut(bot), fence, signal, about });
      return undefined;
    },
    observe: async (call: PoolCall): Promise<Observed<GaveUp | undefined>> => {
      const bot = capturedBotOf(call);
      const answer = await readFor(ports, bot.instanceId, call);
      if (answer.status === 'unknown') return { outcome: 'unknown', reason: answer.reason };
      const entry = entryOfSame(answer.items, bot);
      return { outcome: entry === null ? 'landed' : 'absent' };
    },
    compensate: async (call: PoolCall) => {
      const { entry } = call.capture;
      if (entry === null) return;
      const bot = capturedBotOf(call);
      const { instanceId } = bot;
      const { fence, signal } = call;
      const { state: after } = await poolStates.mutate({
        change: (state) =>
          hasNewPlace(state, bot) || rivalOf(state, instanceId, entry) !== null
            ? state
            : putBack(state, instanceId, entry),
        fence,
        signal,
        // No list names the bot now: its pools have to be named.
        about: { bots: [instanceId], pools: poolsOf(entry) },
      });
      const rival = hasNewPlace(after, bot) ? null : rivalOf(after, instanceId, entry);
      return rival === null ? undefined : { warnings: [notRestored(rival)] };
    },
    deadline: stopDeadline('pool-state-unwritten'),
  };
}

// The platform uses ids again, and may have forgotten this bot meanwhile: what it has placed since is a new bot's.
function capturedBotOf(call: PoolCall): OwnBot {
  const { instanceId, ...owner } = call.input;
  const placedAt = call.capture.entry?.mapping?.createdAt;
  return { instanceId, owner, since: placedAt ?? new Date(readAtMs(call)).toISOString() };
}

function readAtMs({ captures, nowMs }: DeletionCall): number {
  return captures[STEP.lock]?.readAtMs ?? nowMs();
}

function hasNewPlace(state: PoolState, { instanceId, owner, since }: OwnBot): boolean {
  return isPlacedSince(state, instanceId, owner, since);
}

/** The bot that the platform gave the port to since the entry was taken out: two entries with one port would send the
 * requests for one bot to the other. */
function rivalOf(state: PoolState, instanceId: InstanceId, { mapping }: PoolEntry): string | null {
  return mapping === null ? null : portHolder(state, { ...mapping, instanceId });
}

function poolsOf({ memberships, mapping }: PoolEntry): readonly string[] {
  return [...memberships, ...(mapping === null ? [] : [mapping])].map(({ poolId }) => poolId);
}

function notRestored(rival: string): Warning {
  const message = `its port belongs to ${rival} by now: the entry is not put back`;
  return { code: ENTRY_NOT_RESTORED, message };
}

const ENTRY_NOT_RESTORED = 'entry-not-restored';

async function readFor(
  { poolStates }: DeletionPorts,
  instanceId: InstanceId,
  { signal }: DeletionCall,
) {
  return forBot(await poolStates.read({ signal, about: { bots: [instanceId] } }), instanceId);
}
