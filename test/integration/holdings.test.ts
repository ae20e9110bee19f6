import { createMongoHoldings } from '../../src/sync/mongodb/holdings.ts';
import { describeHoldings } from '../contracts/holdings.ts';

describeHoldings('MongoHoldings', (db) => createMongoHoldings({ db }));
