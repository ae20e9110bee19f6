// A bot's container that is gone may have been made anew under its name: for a newer image, or by a person who saw it end.
// The bot then runs in a container that no step has captured, and its money must not move (I4). So where a captured one is
// gone, or has given its name away, its host is searched once more, by everything that names the bot. Before the
// settlement alone: what is made after it may be a new incarnation's.

import { aboutBotOf, type LocateOrder, locateOwned } from '../../bots/locate-owned.ts';
import type { ObservedBot } from '../../domain/bot.ts';
import { ok, type SourceAnswer } from '../../domain/source.ts';
import type { Rest } from '../bot-at-rest.ts';
import {
  capturedBot,
  contextOf,
  type DeletionCall,
  type DeletionPorts,
  observedOf,
  STEP,
} from './step-ports.ts';

type LocatePorts = Pick<DeletionPorts, 'bots' | 'wallets' | 'hostExpectations' | 'poolStates'>;

/** What stands of the bot on these hosts, and was not captured. */
export async function findReplacements(
  ports: LocatePorts,
  call: DeletionCall,
  gone: readonly ObservedBot[],
): Promise<SourceAnswer<readonly ObservedBot[]>> {
  const { observedBots = [] } = capturedBot(call) ?? {};
  const found: ObservedBot[] = [];
  for (const dockerHost of new Set(gone.map(({ host }) => host))) {
    const located = await locateBot(ports, call, { dockerHost });
    if (located.status === 'unknown') return located;
    found.push(...located.items.mine);
  }
  const isCaptured = ({ containerId }: ObservedBot) =>
    observedBots.some((captured) => captured.containerId === containerId);
  return ok(
    found.filter((observed) => !isCaptured(observed)),
    new Date(call.nowMs()),
  );
}

/** The rest of what was captured, and of what stands in its place.
 * @param look at what was found. */
export async function withReplacements(
  ports: LocatePorts,
  call: DeletionCall,
  rest: Rest,
  look: (replacements: readonly ObservedBot[]) => Promise<Rest>,
): Promise<Rest> {
  const { observedBots = [] } = capturedBot(call) ?? {};
  if (rest.status !== 'at-rest') return rest;
  const moved = observedBots.filter((captured) => !rest.now.some((one) => isStill(captured, one)));
  if (moved.length === 0) return rest;
  const replacements = await findReplacements(ports, call, moved);
  if (replacements.status === 'unknown') return replacements;
  return replacements.items.length === 0 ? rest : look(replacements.items);
}

// One that has another name by now has left its own to the next.
function isStill(captured: ObservedBot, now: ObservedBot): boolean {
  const { host, containerId, containerName } = captured;
  return (
    now.host === host && now.containerId === containerId && now.containerName === containerName
  );
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

/** Before they are stopped: the tombstone removes them by their ids. @throws FencedError. */
export async function recordReplacements(
  { tombstones }: Pick<DeletionPorts, 'tombstones'>,
  call: DeletionCall,
  replacements: readonly ObservedBot[],
): Promise<void> {
  const { observedBots, observedInPart } = observedOf(capturedBot(call));
  await tombstones.recordObservedBots(contextOf(call).tombstone, {
    ...{ observedInPart, observedBots: [...(observedBots ?? []), ...replacements] },
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
