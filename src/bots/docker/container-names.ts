// The platform's container names. Docker's name filter matches substrings of a regular expression, so a
// name is escaped, anchored, and compared again with what came back: an id with a dot in it must not
// find its neighbour.

import { TerminalError } from '@reclaim/saga';
import { type ContainerView, LABELS, type ListedContainer } from './container-view.ts';

const BOT_PREFIX = 'freqtrade-';
const POOL_PREFIX = 'freqtrade-pool-';

export function dedicatedName(instanceId: string): string {
  return `${BOT_PREFIX}${instanceId}`;
}

/** A pool holds many users' bots or many of one user: it is never taken for one bot's container. */
export function isPoolName(name: string): boolean {
  return name.startsWith(POOL_PREFIX);
}

function isBotName(name: string): boolean {
  return name.startsWith(BOT_PREFIX) && !isPoolName(name);
}

/** The bot that a dedicated container's name stands for. */
export function botOfName(name: string): string | undefined {
  return isBotName(name) ? name.slice(BOT_PREFIX.length) : undefined;
}

/** Whether a container is a pool: by the platform's name, or by the label of what was made for it. Nothing else is ever
 * spoken to or written into as one, whatever the pool state calls it. */
export function isPoolContainer({ names, labels }: PoolMarks): boolean {
  if (names.some(isPoolName)) return true;
  const isOneBot = labels[LABELS.instanceId] !== undefined || names.some(isBotName);
  return labels[LABELS.managed] === 'true' && !isOneBot;
}

/** Whether it is a container of the platform at all, by one of its names or by label. */
export function isManaged({ names, labels }: PoolMarks): boolean {
  return labels[LABELS.managed] === 'true' || names.some((name) => name.startsWith(BOT_PREFIX));
}

type PoolMarks = Pick<ListedContainer, 'names' | 'labels'>;

/** @throws TerminalError for a container that is no pool: asking again will not make it one. */
export function refuseOther({ name, labels }: Pick<ContainerView, 'name' | 'labels'>): void {
  if (isPoolContainer({ names: [name], labels })) return;
  throw new TerminalError('NOT_A_POOL', `container ${name} is no pool of the platform`);
}

/** Docker's filter for every name of the platform, bots and pools. */
export const PLATFORM_NAMES = `^/?${BOT_PREFIX}`;

/** Docker's filter for exactly this name; names are matched with and without a leading slash. */
export function exactNameFilter(name: string): string {
  return `^/?${escapeRegExp(name)}$`;
}

/** Docker's filter for the names that hold this one. */
export function holdsNameFilter(name: string): string {
  return escapeRegExp(name);
}

export function holdsPoolsOfFilter(firebaseUid: string): string {
  return `${POOL_PREFIX}${escapeRegExp(firebaseUid)}-pool-[0-9]+`;
}

/** For Go's regular expressions too, which know these escapes and no `\-`. */
export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
