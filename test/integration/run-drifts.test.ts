import { createMongoRunDrifts } from '../../src/sync/mongodb/run-drifts.ts';
import { describeRunDrifts } from '../contracts/run-drifts.ts';
import { createTestDatabase } from '../support/database.ts';

describeRunDrifts('MongoRunDrifts', async () => createMongoRunDrifts(await createTestDatabase()));
