// The bots without an allocation that nothing but their ids gives to a user. The id of a neighbour's bot may begin with this
// user's uid as well: whose it is the wallets say, by the rule of a deletion, so that no user is shown another's bot.

import { judgeByWallets } from '../bots/locate-owned.ts';
import { type InstanceId, parseInstanceId } from '../domain/ids.ts';
import { mapBounded } from '../domain/map-bounded.ts';
import { botPrefix } from '../pool-state/numbered-bots.ts';
import type { BotOwner } from '../pool-state/ownership.ts';
import type { Wallets } from '../wallet/wallets.ts';
import type { DockerView } from './docker-view.ts';

export type NamePorts = {
  readonly wallets: Pick<Wallets, 'otherHolders' | 'existingFirebaseUids'>;
};

/** Of one user; such bots are few. */
const WIDTH = 4;

/** @param held the bots that the user's wallet pays for: of those nothing is asked. */
export async function ownedByName(
  { wallets }: NamePorts,
  owner: BotOwner,
  docker: DockerView,
  held: ReadonlyMap<string, unknown>,
): Promise<ReadonlySet<string>> {
  const asked = unclaimedOf(owner, docker).filter((instanceId) => !held.has(instanceId));
  const owned = await mapBounded(asked, WIDTH, async (instanceId) => {
    const judged = await judgeByWallets(wallets, owner, instanceId, false);
    return judged === 'mine' ? [instanceId] : [];
  });
  return new Set(owned.flat());
}

function unclaimedOf({ firebaseUid }: BotOwner, docker: DockerView): readonly InstanceId[] {
  if (firebaseUid === null) return [];
  const prefix = botPrefix(firebaseUid);
  const ids: InstanceId[] = [];
  for (const [id, found] of docker.all()) {
    const instanceId = id.startsWith(prefix) ? parseInstanceId(id) : undefined;
    const isUnclaimed = found.some(({ claims }) => claims.names.length === 0);
    if (instanceId !== undefined && isUnclaimed) ids.push(instanceId);
  }
  return ids;
}
