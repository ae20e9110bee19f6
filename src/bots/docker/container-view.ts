// What an inspect or a listing says, reduced to what is used and checked field by field: an answer that
// lacks a field is in doubt, never "not running" or "no labels" (I4).

import { InDoubtError } from '@reclaim/saga';
import type { ObservedLabels } from '../../domain/bot.ts';

export interface ContainerView {
  readonly id: string;
  /** Without Docker's leading slash. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Docker's word: created, running, paused, restarting, removing, exited, dead. */
  readonly status: string;
  /** True for a paused and a restarting container too: it could still act. */
  readonly running: boolean;
  readonly paused: boolean;
  readonly restarting: boolean;
  /** As the command line writes it: `unless-stopped`, `on-failure:5`. */
  readonly restartPolicy: string;
  /** `--stop-timeout` of its owner's, seconds, negative for one without end; null: none. */
  readonly stopSeconds: number | null;
  /** `--rm`. */
  readonly autoRemove: boolean;
}

export interface ListedContainer {
  readonly id: string;
  readonly names: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly status: string;
}

export function parseInspect(answer: unknown): ContainerView {
  const root = record(answer, 'container');
  const state = record(root.State, 'State');
  const config = record(root.Config, 'Config');
  const hostConfig = record(root.HostConfig, 'HostConfig');
  const policy = record(hostConfig.RestartPolicy, 'RestartPolicy');
  const paused = flag(state.Paused, 'State.Paused');
  const restarting = flag(state.Restarting, 'State.Restarting');
  return {
    id: text(root.Id, 'Id'),
    name: text(root.Name, 'Name').replace(/^\//, ''),
    labels: labels(config.Labels),
    status: text(state.Status, 'State.Status'),
    running: flag(state.Running, 'State.Running') || paused || restarting,
    paused,
    restarting,
    restartPolicy: formatPolicy(text(policy.Name, 'RestartPolicy.Name'), policy.MaximumRetryCount),
    autoRemove: hostConfig.AutoRemove === true,
    stopSeconds: numberOrNull(config.StopTimeout, 'Config.StopTimeout'),
  };
}

export function parseListing(answer: unknown): readonly ListedContainer[] {
  if (!Array.isArray(answer)) throw malformed('a list of containers');
  return answer.map((entry: unknown) => {
    const root = record(entry, 'container');
    if (!Array.isArray(root.Names)) throw malformed('Names');
    return {
      id: text(root.Id, 'Id'),
      names: root.Names.map((name: unknown) => text(name, 'Names').replace(/^\//, '')),
      labels: labels(root.Labels),
      status: text(root.State, 'State'),
    };
  });
}

/** The retry count is part of the state that a stop takes away and a restore must put back. */
export function parsePolicy(policy: string): { Name: string; MaximumRetryCount: number } {
  const [name = '', count] = policy.split(':');
  return { Name: name === '' ? 'no' : name, MaximumRetryCount: Number(count ?? 0) };
}

export function isNoPolicy(policy: string): boolean {
  return policy === '' || policy === 'no';
}

export function toObservedLabels(all: Readonly<Record<string, string>>): ObservedLabels {
  const instanceId = all[LABELS.instanceId];
  const userId = all[LABELS.userId];
  const poolId = all[LABELS.poolId];
  return {
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(userId === undefined ? {} : { userId }),
    ...(poolId === undefined ? {} : { poolId }),
  };
}

export const LABELS = {
  managed: 'reclaim.managed',
  instanceId: 'reclaim.instance-id',
  userId: 'reclaim.user-id',
  poolId: 'reclaim.pool-id',
} as const;

function formatPolicy(name: string, count: unknown): string {
  return name === 'on-failure' && typeof count === 'number' && count > 0
    ? `${name}:${count}`
    : name;
}

function labels(value: unknown): Record<string, string> {
  if (value === null || value === undefined) return {};
  const entries = Object.entries(record(value, 'Labels'));
  return Object.fromEntries(entries.map(([key, label]) => [key, text(label, key)]));
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(what);
  return value as Record<string, unknown>;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw malformed(what);
  return value;
}

function flag(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw malformed(what);
  return value;
}

/** Docker leaves it out where it is not set. */
function numberOrNull(value: unknown, what: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw malformed(what);
  return value;
}

function malformed(what: string): InDoubtError {
  return new InDoubtError('DOCKER_ANSWER_SHAPE', `docker answered without a usable ${what}`);
}
