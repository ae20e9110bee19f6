// Docker's answers, as far as they can be read without a Docker: what is cut or malformed is in doubt.

import { expect, test } from 'vitest';
import { InDoubtError } from '../../packages/saga/src/errors.ts';
import { botOfName, exactNameFilter } from '../../src/bots/docker/container-names.ts';
import { parseInspect, parseListing, parsePolicy } from '../../src/bots/docker/container-view.ts';
import { classifyFailure } from '../../src/bots/docker/docker-errors.ts';
import { createFrameReader } from '../../src/bots/docker/exec-frames.ts';
import { readTarFiles } from '../../src/bots/docker/tar.ts';
import { uidOfPoolName } from '../../src/pool-state/ownership.ts';

const END = Buffer.alloc(1024);

test('a tar with folders, files, long PAX and GNU names: the names of the files', async () => {
  const long = `supervisor/bot-${'x'.repeat(128)}.conf.reclaimed`;
  const archive = Buffer.concat([
    entry('./', '5'),
    entry('./bot-a.conf', '0', 'command=/bin/true'),
    entry('PaxHeaders.0/x', 'x', `${long.length + 10} path=${long}\n`),
    entry(long.slice(0, 100), '0', 'x'.repeat(513)),
    entry('././@LongLink', 'L', `${long}\0`),
    entry(long.slice(0, 100), '0'),
    entry('./bot-link.conf', '2'),
    END,
  ]);
  expect((await readTarFiles(archive)).map(({ path }) => path)).toEqual([
    './bot-a.conf',
    long,
    long,
    './bot-link.conf',
  ]);
});

test('a tar that is cut anywhere, or is none: in doubt, never a shorter list', async () => {
  const archive = Buffer.concat([entry('./bot-a.conf', '0', 'x'), entry('./bot-b.conf', '0', 'y')]);
  for (let length = 0; length < archive.length; length += 100) {
    await expect(readTarFiles(archive.subarray(0, length))).rejects.toThrow(InDoubtError);
  }
  for (const other of [Buffer.from('<html>'.repeat(200)), Buffer.from('<html>'.repeat(512))]) {
    await expect(readTarFiles(Buffer.concat([other, END]))).rejects.toThrow(InDoubtError);
    await expect(readTarFiles(other)).rejects.toThrow(InDoubtError);
  }
});

test('frames of an exec in pieces of any size: the same text, each in its output', () => {
  const frames = Buffer.concat([frame(1, 'bot-a: '), frame(1, ''), frame(2, 'x'), frame(1, 'ö\n')]);
  for (let size = 1; size <= frames.length; size += 1) {
    const reader = createFrameReader();
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    for (let at = 0; at < frames.length; at += size) {
      const said = reader.push(frames.subarray(at, at + size));
      stdout.push(said.stdout);
      stderr.push(said.stderr);
    }
    expect(Buffer.concat(stdout).toString()).toBe('bot-a: ö\n');
    expect(Buffer.concat(stderr).toString()).toBe('x');
  }
});

test('answers that lack what is asked for: in doubt', () => {
  for (const answer of [null, '', {}, Buffer.from('{"half'), [{}], [{ Id: 'x', Names: null }]]) {
    expect(() => parseListing(answer)).toThrow(InDoubtError);
  }
  for (const answer of [null, {}, { Id: 'x', State: {} }, Buffer.from('{"half')]) {
    expect(() => parseInspect(answer)).toThrow(InDoubtError);
  }
  expect(parseListing([])).toEqual([]);
});

test('restart policies: as the command line writes them, none as no', () => {
  expect(parsePolicy('on-failure:5')).toEqual({ Name: 'on-failure', MaximumRetryCount: 5 });
  expect(parsePolicy('unless-stopped')).toEqual({ Name: 'unless-stopped', MaximumRetryCount: 0 });
  expect(parsePolicy('')).toEqual({ Name: 'no', MaximumRetryCount: 0 });
});

test('names: a pool is no bot, and an owner is matched to the end', () => {
  expect(botOfName('freqtrade-u-bot-1')).toBe('u-bot-1');
  expect(botOfName('freqtrade-pool-u-pool-1')).toBeUndefined();
  expect(uidOfPoolName('freqtrade-pool-u-pool-1')).toBe('u');
  expect(uidOfPoolName('freqtrade-pool-u-pool-1x')).toBeNull();
  expect(uidOfPoolName('freqtrade-pool-u-pool-2-pool-1')).toBe('u-pool-2');
  expect(exactNameFilter('freqtrade-a.b+c')).toBe('^/?freqtrade-a\\.b\\+c$');
});

test('errors: only a connection that was never made proves that nothing happened', () => {
  const error = (fields: object) => Object.assign(new Error('x'), fields);
  const refused = error({ code: 'ECONNREFUSED', syscall: 'connect' });
  expect(classifyFailure(refused).kind).toBe('unreachable');
  expect(classifyFailure(error({ code: 'ENOENT', syscall: 'connect' })).kind).toBe('unreachable');
  const notFound = error({ code: 'ENOTFOUND', syscall: 'getaddrinfo' });
  expect(classifyFailure(notFound).kind).toBe('unreachable');
  expect(classifyFailure(error({ code: 'ECONNRESET', syscall: 'read' })).kind).toBe('lost');
  expect(classifyFailure(error({ code: 'ECONNRESET' })).kind).toBe('lost');
  expect(classifyFailure('text').kind).toBe('lost');
  expect(classifyFailure(error({ statusCode: 409 })).kind).toBe('answered');
});

function entry(name: string, type: string, body = ''): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write(body.length.toString(8).padStart(11, '0'), 124);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padded = Buffer.alloc(Math.ceil(body.length / 512) * 512);
  padded.write(body);
  return Buffer.concat([header, padded]);
}

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  const body = Buffer.from(text);
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}
