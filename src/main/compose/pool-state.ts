// Where the pool state is kept, by POOL_STATE, and its first start. I4: a state that is missing is "unknown", never
// "no bots"; an empty one is made only where no user has an allocation yet and the other backend holds none either.

import { stat } from 'node:fs/promises';
import type { Db } from 'mongodb';
import type { Logger } from 'pino';
import { unknown } from '../../domain/source.ts';
import { createEmptyPoolState } from '../../pool-state/file/create-empty-pool-state.ts';
import { createFilePoolStates } from '../../pool-state/file/file-pool-states.ts';
import { unreadable } from '../../pool-state/file/pool-file-errors.ts';
import { probePoolFile } from '../../pool-state/file/probe-pool-file.ts';
import { createMongoPoolStates } from '../../pool-state/mongodb/mongo-pool-states.ts';
import {
  createEmptyPoolDocuments,
  observeStore,
} from '../../pool-state/mongodb/pool-documents-store.ts';
import type { PoolStates } from '../../pool-state/pool-states.ts';
import type { Accounts } from '../../wallet/mongodb/accounts.ts';
import type { Config } from '../config.ts';

export interface PoolStatePlace {
  readonly poolStates: PoolStates;
  /** Makes the empty state of a first start, or logs why not. */
  begin(accounts: Pick<Accounts, 'hasAllocations'>): Promise<void>;
  close(): Promise<void>;
}

interface PlaceDeps {
  readonly config: Pick<Config, 'poolState' | 'poolStateFile'>;
  readonly db: Db;
  readonly now: () => Date;
  readonly log: Logger;
}

export function openPoolStatePlace(deps: PlaceDeps): PoolStatePlace {
  return deps.config.poolState === 'mongodb' ? inMongodb(deps) : inFile(deps);
}

function inFile({ config, db, now, log }: PlaceDeps): PoolStatePlace {
  const file = config.poolStateFile;
  const poolStates = createFilePoolStates({ file, now, log });
  const isInMongodb = async () => (await observeStore(db))?.status === 'active';
  // Others may work with that one, and this file may be an old copy without its note.
  let isElsewhere = false;
  const observeAgain = async () => {
    if (isElsewhere) isElsewhere = await isInMongodb();
    return isElsewhere;
  };
  return {
    poolStates: {
      read: async (question) =>
        (await observeAgain())
          ? unknown(`pool state ${file}: ${ELSEWHERE}`)
          : poolStates.read(question),
      mutate: async (mutation) => {
        if (await observeAgain()) throw unreadable(file, ELSEWHERE);
        return poolStates.mutate(mutation);
      },
    },
    begin: async (accounts) => {
      if (await isInMongodb()) {
        isElsewhere = true;
        log.error({ file }, ELSEWHERE);
        return;
      }
      if (!(await accounts.hasAllocations())) await createEmptyPoolState(file, now);
      const reason = await probePoolFile(file);
      if (reason !== null) log.error({ file, reason }, UNREPLACEABLE);
    },
    close: () => poolStates.close(),
  };
}

const ELSEWHERE =
  'the pool state is in MongoDB: set POOL_STATE=mongodb and restart, or move it back (npm run pool-state -- --to file)';

const UNREPLACEABLE =
  'the pool state file cannot be replaced: deletions pay, with a warning, and leave their entries to tombstones';

function inMongodb({ config, db, now, log }: PlaceDeps): PoolStatePlace {
  const file = config.poolStateFile;
  const poolStates = createMongoPoolStates({ db, now, log });
  return {
    poolStates,
    begin: async (accounts) => {
      if ((await observeStore(db))?.status === 'active') return;
      if (await isThere(file)) {
        const message = 'the pool state is a file: move it (npm run pool-state -- --to mongodb)';
        log.error({ file }, message);
        return;
      }
      if (!(await accounts.hasAllocations())) await createEmptyPoolDocuments(db, now);
    },
    close: () => poolStates.close(),
  };
}

async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (err) {
    // What cannot be read may be there.
    return !(err instanceof Error && 'code' in err && err.code === 'ENOENT');
  }
}
