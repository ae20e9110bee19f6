// Docker's filters of a listing, as queries that the world's indexes answer. They only fetch candidates: what Docker
// would list is decided by the filters themselves, on its own words for a container.

import { LABELS } from '../docker/container-view.ts';
import type { Listed } from './container-answers.ts';
import type { WorldQuery } from './world-calls.ts';
import { dedicatedKey, poolKey } from './world-documents.ts';

export interface ContainerFilters {
  readonly name?: readonly string[];
  readonly label?: readonly string[];
}

/** Null: only all containers of the host answer it. */
export function queryOf({ name, label }: ContainerFilters): WorldQuery | null {
  if (name !== undefined) return name.some(isPrefix) ? null : { ...namesQuery(name) };
  const values = new Map((label ?? []).map((one) => splitAt(one, '=')));
  const instanceId = values.get(LABELS.instanceId);
  const userId = values.get(LABELS.userId);
  if (instanceId !== undefined) return { 'labels.instanceId': [instanceId] };
  return userId === undefined ? null : { 'labels.userId': [userId] };
}

/** Whether Docker would list a container, as `listed` says it. */
export function listFilter({ name, label }: ContainerFilters): (container: Listed) => boolean {
  const patterns = name?.map((pattern) => new RegExp(pattern));
  const pairs = label?.map((one) => splitAt(one, '='));
  return ({ Names, Labels }) => {
    const isNamed = patterns?.some((pattern) => Names.some((one) => pattern.test(one))) ?? true;
    const isLabelled = pairs?.every(([key, value]) =>
      value === undefined ? Object.hasOwn(Labels, key) : Labels[key] === value,
    );
    return isNamed && (isLabelled ?? true);
  };
}

// A container keeps its key when it is renamed, so that the key finds what only holds the name.
function namesQuery(patterns: readonly string[]): WorldQuery {
  const uids = patterns.flatMap((pattern) => literalOf(POOLS_OF.exec(pattern)?.[1]) ?? []);
  const names = patterns.flatMap((one) => literalOf(/^\^\/\?(.*)\$$/.exec(one)?.[1] ?? one) ?? []);
  const keys = names.flatMap((name) => [poolKey(name), dedicatedKey(name.replace(BOT, ''))]);
  return { _id: keys, containerName: names, uid: uids };
}

const BOT = /^freqtrade-/;
const POOLS_OF = /^freqtrade-pool-(.*)-pool-\[0-9\]\+$/;

function isPrefix(pattern: string): boolean {
  return pattern.startsWith('^') && !pattern.endsWith('$');
}

function literalOf(text: string | undefined): string | undefined {
  return text?.replace(/\\(.)/g, '$1');
}

function splitAt(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
