// A bot's container that is gone may have been made anew under its name: for a newer image, or by a person who saw it end.
// The bot then runs in a container that no step has captured, and its money must not move (I4). So where a captured one is
// gone, or has given its name away, its host is searched once more, by everything that names the bot. Before the
// settlement alone: what is made after it may be a new incarnation's.

import { aboutBotOf, type LocateOrder, locateOwned } from '../../bots/locate-owned.ts';
import type { ObservedBot } from '../../domain/bot.ts';
import { ok, type SourceAnswer } from '../../domain/source.ts';
import type { Rest } from '../bot-at-rest.ts';
import {
  contextOf,
  type DeletionCall,
  type DeletionPorts,
  knownBots,
  observedOf,
  STEP,
} from './step-ports.ts';

type LocatePorts = Pick<DeletionPorts, 'bots' | 'wallets' | 'hostExpectations' | 'poolStates'>;

/** What stands of the bot on the hosts of those that are gone, beside those that are known. */
export async function findReplacements(
  ports: LocatePorts,
  call: DeletionCall,
  gone: readonly ObservedBot[],
  known: readonly ObservedBot[],
): Promise<SourceAnswer<readonly ObservedBot[]>> {
  const found: ObservedBot[] = [];
  for (const dockerHost of new Set(gone.map(({ host }) => host))) {
    const located = await locateBot(ports, call, { dockerHost });
    if (located.status === 'unknown') return located;
    found.push(...located.items.mine);
  }
  return ok(
    found.filter((observed) => !known.some((one) => isSame(one, observed))),
    new Date(call.nowMs()),
  );
}

export interface Replaced {
  /** Of what was known, and of what stands in its place. */
  readonly rest: Rest;
  readonly replacements: readonly ObservedBot[];
}

/** What is found may itself be made anew while it stops: each round takes a container that was not known before.
 * @param first the rest of what is known.
 * @param look at what was found; `all` is what is known by then. */
export async function withReplacements(
  ports: LocatePorts,
  call: DeletionCall,
  first: Rest,
  look: (found: readonly ObservedBot[], all: readonly ObservedBot[]) => Promise<Rest>,
): Promise<Replaced> {
  const known = knownBots(call);
  let rest = first;
  let latest = known;
  let replacements: readonly ObservedBot[] = [];
  while (rest.status === 'at-rest') {
    const { now } = rest;
    const moved = latest.filter((one) => !now.some((observed) => isStill(one, observed)));
    if (moved.length === 0) break;
    const found = await findReplacements(ports, call, moved, [...known, ...replacements]);
    if (found.status === 'unknown') return { rest: found, replacements };
    if (found.items.length === 0) break;
    latest = found.items;
    replacements = [...replacements, ...latest];
    rest = await look(latest, [...known, ...replacements]);
  }
  return { rest, replacements };
}

/** The same, known to the tombstone before it is looked at: it removes them by their ids. @throws FencedError. */
export function withRecorded(
  ports: LocatePorts & Pick<DeletionPorts, 'tombstones'>,
  call: DeletionCall,
  first: Rest,
  look: (found: readonly ObservedBot[]) => Promise<Rest>,
): Promise<Replaced> {
  const { tombstone } = contextOf(call);
  const { observedInPart } = observedOf(call);
  return withReplacements(ports, call, first, async (found, observedBots) => {
    await ports.tombstones.recordObservedBots(tombstone, { observedBots, observedInPart });
    return look(found);
  });
}

/** The same container: of a host that is gone for good, another one may hold what it held. */
function isSame(one: ObservedBot, other: ObservedBot): boolean {
  return one.host === other.host && one.containerId === other.containerId;
}

// One that has another name by now has left its own to the next.
function isStill(captured: ObservedBot, now: ObservedBot): boolean {
  return isSame(captured, now) && now.containerName === captured.containerName;
}

/** What is this bot, as all sources name it. */
export async function locateBot(
  ports: LocatePorts,
  call: DeletionCall,
  where: Pick<LocateOrder, 'dockerHost'> = {},
) {
  const { userId, firebaseUid, instanceId } = call.input;
  const { signal } = call;
  const owner = { userId, firebaseUid };
  const pools = await ports.poolStates.read({ signal, about: aboutBotOf(owner, instanceId) });
  return locateOwned(ports, {
    ...where,
    owner,
    instanceId,
    holdsAllocation: () => holdsAllocation(ports, call),
    pools: pools.status === 'ok' ? pools.items : null,
    call: { signal },
  });
}

export async function holdsAllocation(
  { wallets }: Pick<DeletionPorts, 'wallets'>,
  call: DeletionCall,
): Promise<boolean> {
  const stored = call.captures[STEP.lock];
  if (stored !== undefined) return stored.hadAllocation;
  const { userId, instanceId, heldAtRequest, orphan } = call.input;
  if (heldAtRequest === true || orphan !== undefined) return true;
  return (await wallets.readAllocation(userId, instanceId)).status === 'present';
}
