// One user with one bot, and wallets whose commands to MongoDB are counted.

import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { connectCounted } from './counted-connection.ts';
import { allocation } from './users.ts';
import { setUpWallet } from './wallet-commands.ts';

export async function setUpCountedWallets() {
  const { db, userId } = await setUpWallet(
    (opened) => createMongoWallets({ db: opened }),
    1_000,
    allocation(250, 262.5),
  );
  const counted = await connectCounted(db.databaseName);
  const wallets = createMongoWallets({ db: counted.db });
  /** What the work gives, and how many commands it sent. */
  const sentBy = async <T>(work: () => Promise<T>) => {
    const before = counted.commands();
    const result = await work();
    return { result, commands: counted.commands() - before };
  };
  return { db, wallets, userId, sentBy };
}
