// What is logged of a line's fields, for every line: errors, requests and replies by a list of what may be, texts
// without their secrets, and nothing of a class that is not listed. A line that was written carelessly reveals no more
// than one that was written with care.

import { redact } from '@reclaim/saga';
import { toLoggedError } from './log-error.ts';

const TEXT_CHARS = 1_000;
const DEPTH = 6;
/** Of an array or an object. */
const WIDTH = 100;

/** A field of such a name is a secret regardless of its value. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  ...['token', 'accesstoken', 'idtoken', 'refreshtoken', 'password', 'passwd', 'pwd', 'secret'],
  ...['authorization', 'proxyauthorization', 'cookie', 'setcookie', 'apikey', 'privatekey'],
  ...['credential', 'credentials', 'headers', 'args', 'uri', 'mongodburi', 'redisurl'],
]);

/** The fields of a log line, as pino's `formatters.log` has them. */
export function toLoggedFields(fields: Record<string, unknown>): Record<string, unknown> {
  return objectOf(fields, DEPTH);
}

function loggable(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redact(value, TEXT_CHARS);
  if (typeof value !== 'object' || value === null) return scalar(value);
  if (value instanceof Error) return toLoggedError(value);
  if (value instanceof Date) return value;
  if (depth === 0) return '…';
  if (value instanceof Map || value instanceof Set) return loggable([...value], depth);
  if (Array.isArray(value)) return value.slice(0, WIDTH).map((one) => loggable(one, depth - 1));
  return isPlain(value) ? objectOf(value, depth) : messageOrRef(value);
}

function scalar(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') return typeof value;
  return typeof value === 'bigint' ? String(value) : value;
}

function objectOf(value: object, depth: number): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value).slice(0, WIDTH)) {
    fields[redact(name, TEXT_CHARS)] = isSecretName(name) ? REDACTED : loggable(inner, depth - 1);
  }
  return fields;
}

const REDACTED = '[redacted]';

function isSecretName(name: string): boolean {
  return name.length <= MAX_NAME && SECRET_NAMES.has(name.toLowerCase().replace(/[-_]/g, ''));
}

const MAX_NAME = 40;

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** A request or a reply, of Fastify or of Node, by what it has; everything else by its class alone. */
function messageOrRef(value: object): unknown {
  const method = textIn(value, 'method');
  const url = textIn(value, 'url');
  if (method !== undefined && url !== undefined) {
    return { method, url: pathOf(url), ip: textIn(value, 'ip') };
  }
  const statusCode: unknown = Reflect.get(value, 'statusCode');
  if (typeof statusCode === 'number') return { statusCode };
  return `[${value.constructor?.name ?? 'object'}]`;
}

/** The path alone: a query may hold a token, and anything else. */
function pathOf(url: string): string {
  return redact(url.split('?', 1)[0] ?? '', TEXT_CHARS);
}

function textIn(value: object, name: string): string | undefined {
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'string' ? found : undefined;
}
