import { describe, expect, it } from 'vitest';
import {
  FencedError,
  HoldError,
  InDoubtError,
  RetryableError,
  TerminalError,
  UnavailableError,
} from '../../src/errors.ts';
import { demandedDelayMs, toFailure } from '../../src/run/failure.ts';

describe('from what was thrown to what the machine decides on', () => {
  it.each([
    ['terminal', new TerminalError('CODE', 'why')],
    ['hold', new HoldError('CODE', 'why')],
    ['retryable', new RetryableError('CODE', 'why')],
    ['unavailable', new UnavailableError('CODE', 'why')],
    ['in-doubt', new InDoubtError('CODE', 'why')],
  ])('%s: its class, code and message', (kind, error) => {
    expect(toFailure(error)).toEqual({ class: kind, code: 'CODE', message: 'why' });
  });

  it.each([
    ['an error of nobody’s', new RangeError('out of it'), 'RangeError: out of it'],
    ['a text', 'just text', 'just text'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['an object', { a: 1 }, '[object Object]'],
  ])('%s: tried again, and shown as what it was', (_, thrown, message) => {
    expect(toFailure(thrown)).toEqual({ class: 'retryable', code: 'UNEXPECTED', message });
  });

  it('a thing that cannot even be shown: tried again all the same', () => {
    expect(toFailure(Object.create(null))).toMatchObject({ code: 'UNEXPECTED' });
    expect(toFailure(Symbol('s'))).toMatchObject({ message: 'Symbol(s)' });
    const mute = Object.defineProperty(new Error(), 'message', {
      get: () => {
        throw new Error('not even that');
      },
    });
    expect(toFailure(mute)).toMatchObject({ message: 'something of type object' });
  });

  it('fencing is no failure of a step: it passes through as itself', () => {
    expect(new FencedError('del-1', 3)).toMatchObject({ code: 'FENCED', name: 'FencedError' });
  });
});

it('a long message: cut, with a sign that it was', () => {
  const { message } = toFailure(new TerminalError('X', 'm '.repeat(10_000)));
  expect(message).toHaveLength(500);
  expect(message.endsWith('…')).toBe(true);
});

it.each([
  ['mongodb://user:p%40ss@h1,h2/db is away', 'mongodb://***@h1,h2/db is away'],
  ['redis://:secret@cache:6379', 'redis://***@cache:6379'],
  ['Authorization: Bearer abc.def-ghi', 'Authorization: ***'],
  ['asked with basic dXNlcjpwYXNz', 'asked with basic ***'],
  ['token eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl refused', 'token *** refused'],
  ['mail to me@example.com about http://h/x', 'mail to me@example.com about http://h/x'],
])('%s: stored as %s', (given, shown) => {
  expect(toFailure(new TerminalError('X', given)).message).toBe(shown);
});

it('a secret at the place of the cut: not half of it is stored', () => {
  const text = `${'x'.repeat(480)} mongodb://user:hunter2hunter2@host`;
  expect(toFailure(new Error(text)).message).not.toContain('hunter');
});

it('a delay that was asked for: kept for errors that may be retried, none for others', () => {
  expect(demandedDelayMs(new RetryableError('X', 'x', { retryAfterMs: 70 }))).toBe(70);
  expect(demandedDelayMs(new UnavailableError('X', 'x', { retryAfterMs: 80 }))).toBe(80);
  expect(demandedDelayMs(new RetryableError('X', 'x'))).toBe(0);
  expect(demandedDelayMs(new TerminalError('X', 'x'))).toBe(0);
  expect(demandedDelayMs('text')).toBe(0);
});

it('a delay that never ends, or that is no number: not the end of the saga', () => {
  const demanded = (retryAfterMs: number) =>
    demandedDelayMs(new RetryableError('X', 'x', { retryAfterMs }));
  expect(demanded(Number.NaN)).toBe(0);
  expect(demanded(Number.POSITIVE_INFINITY)).toBe(86_400_000);
});
