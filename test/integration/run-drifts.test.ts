import { createMongoRunDrifts } from '../../src/adapters/mongo/run-drifts.ts';
import { describeRunDrifts } from '../contracts/run-drifts.ts';

describeRunDrifts('MongoRunDrifts', (connection) => createMongoRunDrifts({ connection }));
