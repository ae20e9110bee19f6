// The migration before anything else: the constraints and indexes of every part, over a connection of its own, because
// building an index over data that already exists takes longer than any call of the program may.

import { SAGA_LOG_INDEXES, searchIndexes } from '@reclaim/saga/mongodb';
import { HEALTH_INDEXES } from '../../health/mongodb/health-indexes.ts';
import { ENDED_SESSION_INDEXES } from '../../infra/identities/mongo-ended-sessions.ts';
import { connectMongo } from '../../infra/mongodb/connect.ts';
import { POOL_STATE_INDEXES } from '../../pool-state/mongodb/pool-documents.ts';
import { REQUEST_KEY_INDEXES } from '../../provisioning/mongo-request-keys.ts';
import type { Config } from '../config.ts';
import { migrate } from './migration.ts';
import type { MigrationReport } from './migration-report.ts';

/** What the definitions search by, all together: the migration runs before there are any. */
export const SEARCHED_INPUT = ['instanceId', 'requestName'] as const;

export async function migrateDatabase(
  uri: string,
  { usersValidator }: Pick<Config, 'usersValidator'>,
): Promise<MigrationReport> {
  const db = await connectMongo(uri, 'endless');
  try {
    return await migrate(
      db,
      [
        ...SAGA_LOG_INDEXES,
        ...searchIndexes(SEARCHED_INPUT),
        ...REQUEST_KEY_INDEXES,
        ...HEALTH_INDEXES,
        ...ENDED_SESSION_INDEXES,
        ...POOL_STATE_INDEXES,
      ],
      { isValidatorWanted: usersValidator === 'on' },
    );
  } finally {
    await db.client.close();
  }
}
