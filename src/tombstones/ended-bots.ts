// Which ends of tombstones are the end of a bot that was once observed on a host. I4: an id is no identity. Two users may
// hold the same one, and the end of the one's bot says nothing of the other's, which may run on a disk that is away.

import type { FirebaseUid, UserId } from '../domain/ids.ts';
import { parseInstanceId } from '../domain/ids.ts';
import { isOwner, prefixCandidates } from '../pool-state/ownership.ts';
import type { BotAtMoment } from './tombstones.ts';

export interface EndedIncarnation {
  readonly instanceId: string;
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  readonly endedAt: Date;
  /** Where its saga observed it. */
  readonly hosts: readonly string[];
}

/** Of these bots, those that were observed gone after their moment. */
export function endedOf(
  bots: readonly BotAtMoment[],
  ends: readonly EndedIncarnation[],
): ReadonlySet<BotAtMoment> {
  const byId = Map.groupBy(ends, ({ instanceId }) => instanceId);
  return new Set(
    bots.filter((bot) => {
      const since = (byId.get(bot.instanceId) ?? []).filter(({ endedAt }) => endedAt > bot.at);
      return isEnded(bot, since);
    }),
  );
}

// Sources that dispute a bot are answered by the end of each of them.
function isEnded(bot: BotAtMoment, since: readonly EndedIncarnation[]): boolean {
  if (bot.owners.length === 0) return since.some((end) => mayBeUnnamed(bot, end));
  return bot.owners.every((name) => since.some((end) => isOwner(end, name)));
}

// Nothing that was read with the bot named its owner: it is the user's whose deletion observed it there, or whose name
// its id bears.
function mayBeUnnamed({ instanceId, host }: BotAtMoment, end: EndedIncarnation): boolean {
  if (end.hosts.includes(host)) return true;
  const id = parseInstanceId(instanceId);
  const { firebaseUid } = end;
  return id !== undefined && firebaseUid !== null && prefixCandidates(id).includes(firebaseUid);
}
