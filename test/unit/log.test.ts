// Whatever is logged or printed, however it came by a secret: the secret is not in it, and what helps is.

import { readdir, readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RetryableError } from '../../packages/saga/src/errors.ts';
import { redact } from '../../packages/saga/src/redact.ts';
import { describeThrown, messageOfThrown } from '../../src/infra/log/log-error.ts';
import { createLogger } from '../../src/infra/log/logger.ts';

const SECRET = 'hunter2Hunter2';

function createLog() {
  const lines: string[] = [];
  const log = createLogger('trace', { write: (line: string) => void lines.push(line) });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') };
}

/** As ioredis rejects an AUTH that was refused. */
function wrongPass(): Error {
  const error = new Error('WRONGPASS invalid username-password pair or user is disabled.');
  const command = { name: 'auth', args: ['default', SECRET] };
  return Object.assign(error, { name: 'ReplyError', code: 'ECODE', command });
}

describe('a log line', () => {
  it('of an error of Redis that carries its command: what and where, and not with what', () => {
    const { log, lines, last } = createLog();
    log.warn({ err: wrongPass() }, 'redis');
    expect(last()).toMatchObject({ msg: 'redis', err: { type: 'ReplyError', code: 'ECODE' } });
    expect(last().err.message).toMatch(/^WRONGPASS/);
    expect(last().err.stack).toMatch(/^ {4}at .*log\.test\.ts/);
    expect(lines.join()).not.toContain(SECRET);
    expect(lines.join()).not.toContain('command');
  });

  it('of causes within causes and of many errors at once: each by its type, code and message', () => {
    const { log, lines, last } = createLog();
    const deep = new Error('no answer', { cause: wrongPass() });
    const many = new AggregateError([deep, wrongPass(), SECRET], 'all of them failed');
    log.error({ err: new RetryableError('AWAY', 'away', { cause: many }) }, 'failed');
    const { err } = last();
    expect(err).toMatchObject({ type: 'RetryableError', code: 'AWAY', message: 'away' });
    expect(err.cause).toMatchObject({ type: 'AggregateError', message: 'all of them failed' });
    expect(err.cause.errors[0]).toMatchObject({ message: 'no answer', cause: { code: 'ECODE' } });
    expect(lines.join()).not.toContain('"args"');
  });

  it('of an error that is its own cause: an end', () => {
    const { log, lines } = createLog();
    const error: Error = new Error('round');
    error.cause = error;
    log.error(error);
    expect(lines).toHaveLength(1);
  });

  it('of a request: its method and path, without the query', () => {
    const { log, last } = createLog();
    class Request {
      method = 'GET';
      url = `/bots?access_token=${SECRET}`;
      ip = '127.0.0.1';
      headers = { authorization: `Bearer ${SECRET}` };
    }
    log.info({ req: new Request() }, 'incoming request');
    expect(last().req).toEqual({ method: 'GET', url: '/bots', ip: '127.0.0.1' });
  });

  it('of what a careless line holds: names of secrets and of unknown classes give nothing away', () => {
    const { log, lines, last } = createLog();
    class Config {
      password = SECRET;
    }
    const fields = { config: new Config(), password: SECRET, deep: { 'set-cookie': SECRET } };
    log.child({ token: SECRET }).info({ ...fields, list: [{ apiKey: SECRET }], n: 1n }, 'careless');
    expect(last()).toMatchObject({ token: '[redacted]', config: '[Config]', n: '1' });
    expect(lines.join()).not.toContain(SECRET);
  });
});

describe('a text', () => {
  it.each([
    [`redis://:${SECRET}@cache:6379 is away`, 'redis://***@cache:6379 is away'],
    [`mongodb+srv://u:${SECRET}/x@y@h1,h2/db`, 'mongodb+srv://***@h1,h2/db'],
    [`"redis://:${SECRET}@cache"`, '"redis://***@cache"'],
    [`GET /x?access_token=${SECRET}&a=1`, 'GET /x?access_token=***&a=1'],
    [`Cookie: a=${SECRET}; b=${SECRET}`, 'Cookie: ***'],
    [`Authorization: Digest ${SECRET}`, 'Authorization: ***'],
    [`{"password":"${SECRET}","a":1}`, '{"password":"***","a":1}'],
    [
      `unknown command 'HELLO', with args beginning with: '3' 'AUTH' '${SECRET}'`,
      "unknown command 'HELLO', with args beginning with:***",
    ],
    [
      'at run (file:///srv/node_modules/@fastify/x/index.js:1:2)',
      'at run (file:///srv/node_modules/@fastify/x/index.js:1:2)',
    ],
    ['mail to me@example.com about http://h/x', 'mail to me@example.com about http://h/x'],
  ])('%s', (given, shown) => {
    expect(redact(given, 500)).toBe(shown);
  });

  it('of any length: cut before it is read, its long words shortened', () => {
    const key = 'k'.repeat(40_000);
    expect(redact(`no such key: ${key}`, 500)).toBe('no such key: …');
    expect(redact(`no such key: "${'k'.repeat(900)}"`, 500).length).toBeLessThan(250);
    const half = redact(`${'x '.repeat(1_999)}redis://:${SECRET}@host`, 5_000);
    expect(half).not.toContain(SECRET.slice(0, 3));
  });
});

const secret = fc.constantFrom(
  ...[`redis://:${SECRET}@h:1`, `mongodb://u:${SECRET}@h/db?x=1`, `Bearer ${SECRET}`],
  ...[`/p?access_token=${SECRET}`, `Authorization: ${SECRET}`, `Set-Cookie: s=${SECRET}; Path=/`],
  ...[`{"password":"${SECRET}"}`, `apiKey=${SECRET}`, `eyJhbGciOiJ.${SECRET}.${SECRET}`],
);
/** Properties that are taken over are those that say nothing but words: these others may hold anything at all. */
const NAMES = ['command', 'config', 'request', 'response', 'options', 'args', 'input', 'headers'];
const anything = fc.oneof(
  fc.constant(SECRET),
  secret,
  fc.record({ args: fc.constant([SECRET]), auth: fc.constant({ password: SECRET }) }),
);

const { error: errors } = fc.letrec<{ error: Error; inner: unknown }>((tie) => ({
  error: fc
    .record({
      before: fc.string({ maxLength: 60 }),
      text: secret,
      after: fc.string({ maxLength: 60 }),
      name: fc.constantFrom(...NAMES),
      value: anything,
      inner: fc.option(tie('inner'), { nil: undefined, depthSize: 'small' }),
      many: fc.boolean(),
    })
    .map(({ before, text, after, name, value, inner, many }) => {
      const message = `${before} ${text} ${after}`;
      const options = inner === undefined ? {} : { cause: inner };
      const made = many
        ? new AggregateError([inner], message, options)
        : new Error(message, options);
      return Object.assign(made, { [name]: value });
    }),
  inner: fc.oneof(tie('error'), secret),
}));

it('any error, logged and printed in any way: never its secret', () => {
  fc.assert(
    fc.property(errors, fc.constantFrom('err', 'error', 'cause', 'reason', 'x'), (error, field) => {
      const { log, lines } = createLog();
      log.error(error);
      log.warn({ [field]: error }, 'it failed');
      log.warn({ deep: [{ [field]: error }] });
      log.error(`because: ${error.message}`);
      log.error('because: %s %s', error.message, error);
      log.child({ [field]: error }).info('beside');
      log.info({ [field]: error.message }, error.message);
      expect(lines).toHaveLength(7);
      const all = [...lines, describeThrown(error), messageOfThrown(error)].join('\n');
      expect(all).not.toContain(SECRET);
    }),
    { numRuns: 300 },
  );
});

it('every logger of the program is this one', async () => {
  const sources = await readdir('src', { recursive: true });
  const makers: string[] = [];
  for (const file of sources.filter((name) => name.endsWith('.ts'))) {
    if (/\bpino\(/.test(await readFile(`src/${file}`, 'utf8'))) makers.push(file);
  }
  expect(makers).toEqual(['infra/log/logger.ts']);
});
