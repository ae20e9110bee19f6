// A connection that is cut while a command waits for room in its socket: the driver (7.8) never answers that command, and
// what called it must get an answer all the same (I10).

import { MongoClient, MongoOperationTimeoutError } from 'mongodb';
import { afterEach, expect, inject, it, onTestFinished, vi } from 'vitest';
import { createTcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { UnavailableError } from '../../src/errors.ts';
import { inTime, OPERATION_MS } from '../../src/mongodb/in-time.ts';
import { runRepeatable } from '../../src/mongodb/mongo-errors.ts';

afterEach(() => void vi.useRealTimers());

it('on the driver: its limit of time passes, whatever the driver does', async () => {
  const { hostname, port } = new URL(inject('mongodbUri'));
  const proxy = await createTcpProxy({ host: hostname, port: Number(port) });
  const uri = `mongodb://127.0.0.1:${proxy.port}/?directConnection=true`;
  const client = new MongoClient(uri, { retryWrites: false, socketTimeoutMS: 1_000 });
  onTestFinished(() => {
    proxy.cut();
    return client.close(true);
  });
  const rows = client.db('closed-while-writing').collection('rows');
  await rows.findOne();
  proxy.freeze();
  let wasSettled = false;
  const writing = rows.insertOne({ bytes: Buffer.alloc(12_000_000) });
  void writing.finally(() => (wasSettled = true)).catch(() => undefined);
  // The socket's own timeout closes the connection within a second.
  const late = inTime(writing, 4_000);
  await expect(late).rejects.toBeInstanceOf(MongoOperationTimeoutError);
  expect(wasSettled).toBe(false);
});

it('a read, or a write that may be repeated: away after that time, and tried again by its caller', async () => {
  vi.useFakeTimers();
  const answer = runRepeatable(() => new Promise<never>(() => undefined));
  const refused = expect(answer).rejects.toBeInstanceOf(UnavailableError);
  await vi.advanceTimersByTimeAsync(OPERATION_MS);
  await refused;
});
