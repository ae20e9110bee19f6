// MongoDB may come up after this program: the start waits for it, and logs that, because a process manager that starts
// both knows no order, and a crash loop looks like a fault of ours. Waiting cannot repair a refusal: that is thrown.

import { pause } from '@reclaim/saga';
import { MongoError, MongoNetworkError, MongoServerSelectionError } from 'mongodb';
import { connectMongo } from '../infra/mongodb/connect.ts';
import { StartError } from './start-fault.ts';

export interface AwaitMongodbOptions {
  readonly uri: string;
  /** Lines for the person who watches the start. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const TRY_EVERY_MS = 1_000;
const REPORT_EVERY_MS = 30_000;
const NO_NAME: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ETIMEOUT', 'ESERVFAIL']);

/** Resolves when a primary has answered. @throws when MongoDB refuses, and the signal's reason. */
export async function awaitMongodb({ uri, say, signal }: AwaitMongodbOptions): Promise<void> {
  let saidMs: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      const db = await connectMongo(uri);
      await db.client.close();
      if (saidMs !== undefined) say('MongoDB answers now');
      return;
    } catch (error) {
      if (!isAway(error)) throw refusal(error);
      if (saidMs === undefined || performance.now() - saidMs >= REPORT_EVERY_MS) {
        saidMs = performance.now();
        say(`MongoDB does not answer yet (${error.message}); waiting for it`);
      }
    }
    await pause(TRY_EVERY_MS, signal);
  }
}

/** What the driver makes of an address that cannot be meant, and the server of a wrong password. */
function refusal(error: unknown): unknown {
  if (!(error instanceof MongoError)) return error;
  return new StartError(`MONGODB_URI leads nowhere: ${error.message}`, { cause: error });
}

function isAway(error: unknown): error is Error {
  if (error instanceof MongoServerSelectionError || error instanceof MongoNetworkError) return true;
  // The names of mongodb+srv are resolved before any server is contacted.
  return error instanceof Error && 'code' in error && NO_NAME.has(error.code);
}
