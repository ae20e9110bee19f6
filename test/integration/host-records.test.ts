import { createMongoHostRecords } from '../../src/bots/hosts/mongo-host-records.ts';
import { describeHostRecords } from '../contracts/host-records.ts';

describeHostRecords('MongoHostRecords', (db) => createMongoHostRecords(db));
