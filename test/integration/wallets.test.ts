import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { describeWallets } from '../contracts/wallets.ts';

describeWallets('MongoWallets', (db) => createMongoWallets({ db }));
