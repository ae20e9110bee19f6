import { createMongoFindings } from '../../src/findings/mongo-findings.ts';
import { describeFindings } from '../contracts/findings.ts';

describeFindings('MongoFindings', (db) => createMongoFindings(db));
