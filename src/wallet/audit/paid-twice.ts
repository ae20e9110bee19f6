// One incarnation of a bot, paid twice (I2). The chain cannot detect it: each payment has its entry, and the balance
// agrees with both. What it lacks is the money that would have been set aside for a second incarnation in between.
// Pure.

import { isDated } from '../../domain/incarnation.ts';
import type { PaidTwice } from './audit-report.ts';
import type { BotEntry } from './mongodb/audit-ledger.ts';

/** @param entries of whole bots, oldest first. */
export function findPaidTwice(entries: readonly BotEntry[]): PaidTwice[] {
  const last = new Map<string, { readonly opId: string; readonly atMs: number }>();
  const setAside = new Set<string>();
  const found: PaidTwice[] = [];
  for (const entry of entries) {
    const { botId, opId, atMs, incarnationId } = entry;
    if (entry.type === 'allocate') {
      setAside.add(botId);
      continue;
    }
    const before = last.get(botId);
    const isOwnIncarnation =
      incarnationId !== null &&
      isDated(incarnationId) &&
      Date.parse(incarnationId) > (before?.atMs ?? 0);
    if (before !== undefined && !isOwnIncarnation && !setAside.has(botId)) {
      found.push({ botId, opId, first: before.opId });
    }
    last.set(botId, { opId, atMs });
    setAside.delete(botId);
  }
  return found;
}
