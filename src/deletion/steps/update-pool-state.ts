// Step 3: the bot leaves its pool and the mapping. Its slot and port stay taken until it is observed gone:
// the tombstone remembers them. I5: the change is fenced inside the lock.

import type { Observed, Warning, WithWarnings } from '@reclaim/saga';
import { findEntryOf } from '../../bots/locate-owned.ts';
import type { InstanceId } from '../../domain/ids.ts';
import {
  findOwnEntry,
  OWNED_ENTRY,
  type OwnedEntry,
  takingOut,
} from '../../pool-state/owned-entry.ts';
import { portHolder } from '../../pool-state/pool-slots.ts';
import { type PoolEntry, type PoolState, putBack } from '../../pool-state/pool-state.ts';
import { forBot } from '../../pool-state/unreadable-rows.ts';
import { type GaveUp, POOL } from '../captures.ts';
import { stopDeadline } from '../stop-policy.ts';
import { holdsAllocation } from './replacements.ts';
import { type DeletionCall, type DeletionPorts, UNDO_RETRY, UNTIL_DEADLINE } from './step-ports.ts';

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
      const { instanceId, ...owner } = call.input;
      // A bot that the state does not know costs no lock and no write.
      if (call.capture.entry === null) return;
      const { fence, signal } = call;
      await poolStates.mutate({
        change: takingOut({ instanceId, owner }),
        fence,
        signal,
        about: { bots: [instanceId] },
      });
      return undefined;
    },
    observe: async (call: PoolCall): Promise<Observed<GaveUp | undefined>> => {
      const { instanceId, ...owner } = call.input;
      const answer = await readFor(ports, instanceId, call);
      if (answer.status === 'unknown') return { outcome: 'unknown', reason: answer.reason };
      const { entry } = findOwnEntry(answer.items, instanceId, owner);
      return { outcome: entry === null ? 'landed' : 'absent' };
    },
    compensate: async (call: PoolCall) => {
      const { entry } = call.capture;
      if (entry === null) return;
      const { instanceId } = call.input;
      const { fence, signal } = call;
      const { state: after } = await poolStates.mutate({
        change: (state) =>
          rivalOf(state, instanceId, entry) === null ? putBack(state, instanceId, entry) : state,
        fence,
        signal,
        // No list names the bot now: its pools have to be named.
        about: { bots: [instanceId], pools: poolsOf(entry) },
      });
      const rival = rivalOf(after, instanceId, entry);
      return rival === null ? undefined : { warnings: [notRestored(rival)] };
    },
    deadline: stopDeadline('pool-state-unwritten'),
  };
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
