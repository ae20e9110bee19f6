import { createMongoWallets } from '../../src/adapters/mongo/wallets.ts';
import { describeWallets } from '../contracts/wallets.ts';

describeWallets('MongoWallets', (connection) => createMongoWallets({ connection }));
