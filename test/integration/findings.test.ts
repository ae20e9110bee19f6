import { createMongoFindings } from '../../src/adapters/mongo/findings.ts';
import { describeFindings } from '../contracts/findings.ts';

describeFindings('MongoFindings', (connection) => createMongoFindings({ connection }));
