// Moves the pool state between the platform's file and MongoDB. It changes nothing that it cannot put back: what it
// moves away is kept, and it refuses where something would be lost.

import { parseArgs } from 'node:util';
import { messageOfThrown } from '../src/infra/log/log-error.ts';
import { connectMongo } from '../src/infra/mongodb/connect.ts';
import { defaultPoolStateFile } from '../src/main/config.ts';
import { migrate } from '../src/main/migration/migration.ts';
import { moveToFile } from '../src/pool-state/mongodb/move-to-file.ts';
import { moveToMongodb } from '../src/pool-state/mongodb/move-to-mongodb.ts';
import { POOL_STATE_INDEXES } from '../src/pool-state/mongodb/pool-documents.ts';
import type { MoveReport } from '../src/pool-state/mongodb/pool-state-move.ts';

const USAGE = `Usage: npm run pool-state -- --to mongodb|file [--dry-run]

  --to       where the pool state is to be; it is taken from the other place
  --dry-run  looks and says what would be done, and changes nothing

Takes MONGODB_URI, and POOL_STATE_FILE or DATA_DIR, as the server does. Stop the servers and workers first.`;

class UsageError extends Error {}

try {
  const { to, isDryRun } = parse(process.argv.slice(2));
  const { MONGODB_URI: uri, POOL_STATE_FILE, DATA_DIR } = process.env;
  if (!uri) throw new UsageError('MONGODB_URI is unset');
  const file = POOL_STATE_FILE || defaultPoolStateFile(DATA_DIR || '.data');
  const report = await move({ to, isDryRun, uri, file });
  process.stdout.write(`${wordsFor(report, to, file)}\n`);
  if (report.status === 'refused') process.exitCode = 1;
} catch (error) {
  const message = messageOfThrown(error);
  const isUsage = error instanceof UsageError;
  const next = isUsage
    ? `\n${USAGE}\n`
    : 'When that is repaired, call it again: it ends what it has begun.\n';
  process.stderr.write(`pool-state: ${message}\n${next}`);
  process.exitCode = isUsage ? 2 : 1;
}

type Place = 'mongodb' | 'file';

interface Order {
  readonly to: Place;
  readonly isDryRun: boolean;
  readonly uri: string;
  readonly file: string;
}

async function move({ to, isDryRun, uri, file }: Order): Promise<MoveReport> {
  const db = await connectMongo(uri, 'endless');
  try {
    if (to === 'mongodb' && !isDryRun) await migrate(db, POOL_STATE_INDEXES);
    const deps = { db, file, now: () => new Date(), isDryRun };
    return await (to === 'mongodb' ? moveToMongodb(deps) : moveToFile(deps));
  } finally {
    await db.client.close();
  }
}

function parse(args: string[]): { to: Place; isDryRun: boolean } {
  const { to, 'dry-run': isDryRun = false } = parsedArgs(args);
  if (to !== 'mongodb' && to !== 'file') throw new UsageError('say --to mongodb or --to file');
  return { to, isDryRun };
}

function parsedArgs(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: { to: { type: 'string' }, 'dry-run': { type: 'boolean' } },
      strict: true,
      allowPositionals: false,
    });
    return values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wordsFor(report: MoveReport, to: Place, file: string): string {
  const next = `Set POOL_STATE=${to} for the API and every worker, and start them again.`;
  const place = to === 'mongodb' ? 'MongoDB' : file;
  switch (report.status) {
    case 'refused':
      return `Nothing was moved: ${report.reason}.`;
    case 'already-there':
      return `The pool state is in ${place} already.\n${next}`;
    case 'would-move':
      return `${countsOf(report)} would be moved to ${place}. Nothing was changed.`;
    case 'moved':
      return `${countsOf(report)} moved to ${place} and read back. What was there before is kept: ${report.kept}.\n${next}`;
  }
}

function countsOf({ counts }: Extract<MoveReport, { status: 'moved' | 'would-move' }>): string {
  return `${counts.pools} pools and ${counts.bots} bots`;
}
