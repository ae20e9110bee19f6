// The platform's container names. Docker's name filter matches substrings of a regular expression, so a
// name is escaped, anchored, and compared again with what came back: an id with a dot in it must not
// find its neighbour.

import { LABELS, type ListedContainer } from './container-view.ts';

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

/** Whether it is a pool of this firebaseUid by the platform's naming. */
export function isPoolOf(name: string, firebaseUid: string): boolean {
  const prefix = `${POOL_PREFIX}${firebaseUid}-pool-`;
  return name.startsWith(prefix) && /^[0-9]+$/.test(name.slice(prefix.length));
}

/** The firebaseUid in a pool's name, when it has the platform's form. */
export function uidOfPool(name: string): string | undefined {
  return /^freqtrade-pool-(.+)-pool-[0-9]+$/.exec(name)?.[1];
}

export function isPoolContainer(container: ListedContainer): boolean {
  if (container.names.some(isPoolName)) return true;
  const { labels } = container;
  return labels[LABELS.poolId] !== undefined && labels[LABELS.instanceId] === undefined;
}

/** Docker's filter for every name of the platform, bots and pools. */
export const PLATFORM_NAMES = `^/?${BOT_PREFIX}`;

/** Docker's filter for exactly this name; names are matched with and without a leading slash. */
export function exactNameFilter(name: string): string {
  return `^/?${escapeRegExp(name)}$`;
}

export function poolsOfFilter(firebaseUid: string): string {
  return `^/?${POOL_PREFIX}${escapeRegExp(firebaseUid)}-pool-[0-9]+$`;
}

/** For Go's regular expressions, which know these escapes and no `\-`. */
function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
