// The shape of a pool state, and the bytes of its file: checked once, here, by the tables below. A
// row that does not fit hides its own bots, with its path named, and no others (I4); what has no rows at all is refused
// as a whole. Fields that are not in the tables are the platform's: kept, in their order.

import { isUtf8 } from 'node:buffer';
import type { PoolState } from './pool-state.ts';
import { UNREADABLE, type UnreadableRows } from './unreadable-rows.ts';

export type ParsedPoolState =
  | { readonly status: 'ok'; readonly state: PoolState }
  | { readonly status: 'malformed'; readonly reason: string };

/** Parses and checks the file's content; the reason names the first path that does not fit. */
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
  if (!isRecord(value)) return malformed('the file does not hold an object');
  const read = readRows(value);
  return typeof read === 'string' ? malformed(read) : { status: 'ok', state: read };
}

/** The platform's own layout: two spaces, and a last newline only where the file had one. */
export function formatPoolState(state: PoolState, isNewlineTerminated: boolean): Buffer {
  const rows = state[UNREADABLE];
  const pools = withHidden(state.pools, rows?.pools ?? {});
  const botMapping = withHidden(state.botMapping, rows?.botMapping ?? {});
  const text = JSON.stringify({ ...state, pools, botMapping }, null, 2);
  return Buffer.from(`${text}${isNewlineTerminated ? '\n' : ''}`);
}

type Kind = 'string' | 'number' | 'strings';

const POOL: Readonly<Record<string, Kind>> = {
  id: 'string',
  containerName: 'string',
  basePort: 'number',
  capacity: 'number',
  bots: 'strings',
  status: 'string',
  createdAt: 'string',
};

const MAPPING: Readonly<Record<string, Kind>> = {
  poolId: 'string',
  containerName: 'string',
  slotIndex: 'number',
  port: 'number',
  status: 'string',
  instanceId: 'string',
  userId: 'string',
  createdAt: 'string',
};

/** Fields that older versions of the platform did not write. */
const OPTIONAL = {
  pool: { userId: 'string', poolDir: 'string' },
  mapping: { host: 'string', dockerHost: 'string' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Kind>>>>;

/** The state with those of its rows that can be read; the others beside them, with the reason. A text: why none can be. */
export function readRows(value: Readonly<Record<string, unknown>>): PoolState | string {
  const { pools, botMapping } = value;
  if (!isRecord(pools)) return 'pools is not an object';
  if (!isRecord(botMapping)) return 'botMapping is not an object';
  const readPools = partRows(pools, 'pools');
  const readBots = partRows(botMapping, 'botMapping');
  // What was checked above.
  const state = { ...value, pools: readPools.rows, botMapping: readBots.rows } as PoolState;
  const hidden = { pools: readPools.hidden, botMapping: readBots.hidden };
  const isWhole = [hidden.pools, hidden.botMapping].every((rows) => Object.keys(rows).length === 0);
  return isWhole ? state : { ...state, [UNREADABLE]: hidden };
}

/** Why a row cannot be read; null: it can. @param kind `pools` or `botMapping`. */
function findRowFault(row: unknown, kind: RowKind, key: string): string | null {
  const place = `${kind}[${JSON.stringify(key)}]`;
  if (!isRecord(row)) return `${place} is not an object`;
  const [fields, optional] = kind === 'pools' ? [POOL, OPTIONAL.pool] : [MAPPING, OPTIONAL.mapping];
  const given = Object.entries(optional).filter(([name]) => row[name] !== undefined);
  return findFieldFault(row, { ...fields, ...Object.fromEntries(given) }, `${place}.`);
}

type RowKind = 'pools' | 'botMapping';

function partRows(rows: Readonly<Record<string, unknown>>, kind: RowKind) {
  const faults = Object.entries(rows).map(
    ([key, value], position) => [key, value, findRowFault(value, kind, key), position] as const,
  );
  const hidden = faults.flatMap(([key, value, reason, position]) =>
    reason === null ? [] : [[key, { value, reason, position }] as const],
  );
  if (hidden.length === 0) return { rows, hidden: {} };
  const readable = faults.flatMap(([key, value, reason]) =>
    reason === null ? [[key, value]] : [],
  );
  return { rows: Object.fromEntries(readable), hidden: Object.fromEntries(hidden) };
}

// At their former positions, as far as the others are still there.
function withHidden(
  rows: Readonly<Record<string, unknown>>,
  hidden: UnreadableRows['pools'],
): Readonly<Record<string, unknown>> {
  const back = Object.entries(hidden).sort(([, a], [, b]) => a.position - b.position);
  // A hundred thousand rows are not copied for nothing at each write.
  if (back.length === 0) return rows;
  const entries = Object.entries(rows);
  for (const [key, { value, position }] of back) entries.splice(position, 0, [key, value]);
  return Object.fromEntries(entries);
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
};

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === 'strings') return Array.isArray(value) && value.every((v) => typeof v === 'string');
  return typeof value === kind;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(reason: string): ParsedPoolState {
  return { status: 'malformed', reason };
}
