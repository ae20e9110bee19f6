// The shape of a pool state, and the bytes of its file: checked once, here, by the tables below. What
// does not fit is refused as a whole with the place named, because a half-understood file would read
// as "no such bot" (I4). Fields that are not in the tables are the platform's: kept, in their order.

import { isUtf8 } from 'node:buffer';
import type { PoolState } from '../../domain/pool-state.ts';

export type ParsedPoolState =
  | { readonly status: 'ok'; readonly state: PoolState }
  | { readonly status: 'malformed'; readonly reason: string };

/** Parses and checks the file's content; the reason names the first place that does not fit. */
export function parsePoolState(bytes: Buffer): ParsedPoolState {
  if (bytes.length === 0) return malformed('the file is empty');
  // Decoding would replace such bytes, and the next write would store the replacement.
  if (!isUtf8(bytes)) return malformed('the file is not UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (err) {
    const why = err instanceof Error ? err.message : String(err);
    return malformed(`the file is not whole JSON (${why.slice(0, 120)})`);
  }
  const reason = isRecord(value) ? findFault(value) : 'the file does not hold an object';
  return reason === null ? { status: 'ok', state: value as PoolState } : malformed(reason);
}

/** The platform's own layout: two spaces, and a last newline only where the file had one. */
export function formatPoolState(state: PoolState, isNewlineTerminated: boolean): Buffer {
  return Buffer.from(`${JSON.stringify(state, null, 2)}${isNewlineTerminated ? '\n' : ''}`);
}

type Kind = 'string' | 'number' | 'strings' | 'object';

const STATE: Readonly<Record<string, Kind>> = {
  pools: 'object',
  botMapping: 'object',
  nextPoolId: 'number',
  updatedAt: 'string',
};

const POOL: Readonly<Record<string, Kind>> = {
  id: 'string',
  userId: 'string',
  containerName: 'string',
  basePort: 'number',
  capacity: 'number',
  bots: 'strings',
  status: 'string',
  createdAt: 'string',
  poolDir: 'string',
};

const MAPPING: Readonly<Record<string, Kind>> = {
  poolId: 'string',
  containerName: 'string',
  host: 'string',
  slotIndex: 'number',
  port: 'number',
  status: 'string',
  instanceId: 'string',
  userId: 'string',
  createdAt: 'string',
};

/** The first place that is not as a pool state has it, for a person; null where all is. */
export function findFault(value: Readonly<Record<string, unknown>>): string | null {
  return (
    findFieldFault(value, STATE, '') ??
    findRowFault(value.pools, POOL, 'pools') ??
    findRowFault(value.botMapping, MAPPING, 'botMapping')
  );
}

function findRowFault(rows: unknown, fields: Readonly<Record<string, Kind>>, name: string) {
  if (!isRecord(rows)) return `${name} is not an object`;
  for (const key of Object.keys(rows)) {
    const row = rows[key];
    const place = `${name}[${JSON.stringify(key)}]`;
    if (!isRecord(row)) return `${place} is not an object`;
    const fault = findFieldFault(row, fields, `${place}.`);
    if (fault !== null) return fault;
  }
  return null;
}

function findFieldFault(
  row: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Kind>>,
  prefix: string,
): string | null {
  for (const name in fields) {
    const kind = fields[name];
    if (kind !== undefined && !isKind(row[name], kind)) {
      return `${prefix}${name} is not ${PHRASES[kind]}`;
    }
  }
  return null;
}

const PHRASES: Readonly<Record<Kind, string>> = {
  string: 'a string',
  number: 'a number',
  strings: 'a list of strings',
  object: 'an object',
};

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === 'object') return isRecord(value);
  if (kind === 'strings') return Array.isArray(value) && value.every((v) => typeof v === 'string');
  return typeof value === kind;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(reason: string): ParsedPoolState {
  return { status: 'malformed', reason };
}
