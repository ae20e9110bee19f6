import { createMongoRunDrifts } from '../../src/sync/mongodb/run-drifts.ts';
import { describeRunDrifts } from '../contracts/run-drifts.ts';

describeRunDrifts('MongoRunDrifts', (connection) => createMongoRunDrifts(connection));
