import { createMongoHoldings } from '../../src/adapters/mongo/holdings.ts';
import { describeHoldings } from '../contracts/holdings.ts';

describeHoldings('MongoHoldings', (connection) => createMongoHoldings({ connection }));
