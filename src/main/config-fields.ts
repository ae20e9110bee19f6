// What a variable of the environment can be: how each kind of value is read, and the words for what was expected of it.

import { parseProxies, type TrustedProxies } from '../api/trusted-proxies.ts';
import { type DockerHost, LOCAL_DOCKER, parseDockerHosts } from './docker-hosts.ts';

export interface Field<T> {
  readonly variable: string;
  readonly expected: string;
  readonly fallback: T;
  readonly isSecret?: true;
  /** undefined: not what is expected. */
  parse(text: string): T | undefined;
}

export const MAX_PORT = 65_535;

export function isUnset(text: string | undefined): text is undefined | '' {
  return text === undefined || text === '';
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

export function whole(
  variable: string,
  { min, max, fallback, unit = 1 }: { min: number; max: number; fallback: number; unit?: number },
): Field<number> {
  return {
    variable,
    expected: `a whole number from ${min} to ${max}`,
    fallback: fallback * unit,
    parse: (text) => {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value * unit : undefined;
    },
  };
}

export function optionalPort(variable: string): Field<number | undefined> {
  return { ...whole(variable, { min: 0, max: MAX_PORT, fallback: 0 }), fallback: undefined };
}

export function matching(variable: string, pattern: RegExp, expected: string, fallback: string) {
  const parse = (text: string) => (pattern.test(text) ? text : undefined);
  return { variable, expected, fallback, parse } satisfies Field<string>;
}

export function optional(
  variable: string,
  pattern: RegExp,
  expected: string,
  isSecret = false,
): Field<string | undefined> {
  const parse = (text: string) => (pattern.test(text) ? text : undefined);
  return { variable, expected, fallback: undefined, parse, ...(isSecret && { isSecret }) };
}

export function optionalHttpUrl(variable: string): Field<string | undefined> {
  const parse = (text: string) =>
    /^https?:\/\//.test(text) && URL.canParse(text) ? text : undefined;
  const expected = 'http://… or https://…';
  return { variable, expected, fallback: undefined, isSecret: true, parse };
}

/** An address to which a secret is sent: encrypted, or on this machine alone; without credentials of its own, which would
 * stand in errors, and without a query. */
export function optionalSafeUrl(variable: string): Field<string | undefined> {
  const expected = 'https://… , or http://… on loopback, without credentials, query or fragment';
  const parse = (text: string) => {
    if (!URL.canParse(text)) return undefined;
    const { protocol, hostname, username, password, href } = new URL(text);
    const isSafe =
      protocol === 'https:' ||
      (protocol === 'http:' && isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')));
    const isPlain = username === '' && password === '' && !/[?#]/.test(text);
    return isSafe && isPlain ? withoutSlash(href) : undefined;
  };
  return { variable, expected, fallback: undefined, isSecret: true, parse };
}

export function oneOf<const T extends string>(
  variable: string,
  values: readonly T[],
  fallback: NoInfer<T>,
): Field<T> {
  const parse = (text: string) => values.find((value) => value === text);
  return { variable, expected: `one of ${values.join(', ')}`, fallback, parse };
}

export function optionalOneOf<const T extends string>(
  variable: string,
  values: readonly [T, ...T[]],
): Field<T | undefined> {
  return { ...oneOf<T>(variable, values, values[0]), fallback: undefined };
}

export function dockerHosts(variable: string): Field<readonly DockerHost[]> {
  const expected =
    'a comma-separated list of [name=]unix:///path or [name=]tcp://host[:port], every name once';
  return { variable, expected, fallback: [LOCAL_DOCKER], isSecret: true, parse: parseDockerHosts };
}

/** Exactly as browsers send them; never a pattern, which would let a neighbour in. */
export function origins(variable: string): Field<readonly string[]> {
  const expected = 'a comma-separated list of origins, https://host[:port], without a path';
  const parse = (text: string) => {
    const found = text.split(',').map((origin) => origin.trim());
    return found.every(isOrigin) ? found : undefined;
  };
  return { variable, expected, fallback: [], parse };
}

function isOrigin(text: string): boolean {
  return (
    /^https?:\/\/[\w.:[\]-]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text
  );
}

export function proxies(variable: string): Field<TrustedProxies> {
  const expected =
    'off, on (one proxy), a number of proxies from 1 to 9, or their addresses and subnets, comma-separated';
  return { variable, expected, fallback: false, parse: parseProxies };
}

export function capabilities(variable: string): Field<readonly string[] | null> {
  const expected = 'none, default, or names of Linux capabilities without CAP_, comma-separated';
  const parse = (text: string) => {
    if (text === 'none') return [];
    if (text === 'default') return null;
    const names = text.split(',').map((name) => name.trim());
    return names.every((name) => /^[A-Z][A-Z_]{1,30}$/.test(name)) ? names : undefined;
  };
  return { variable, expected, fallback: [], parse };
}

function withoutSlash(href: string): string {
  return href.endsWith('/') ? withoutSlash(href.slice(0, -1)) : href;
}
