import type { MongoPoolStates } from '../../src/pool-state/mongodb/mongo-pool-states.ts';
import { poolCollections } from '../../src/pool-state/mongodb/pool-documents.ts';
import { describePoolStates } from '../contracts/pool-states.ts';
import { createPoolDatabase } from '../support/pool-documents.ts';

describePoolStates('pool states in MongoDB', async (state) => {
  const database = await createPoolDatabase(state);
  const { state: states, pools, bots } = poolCollections(database.db);
  const opened: MongoPoolStates[] = [];
  const only = { _id: 'state' } as const;
  return {
    open: () => {
      const writer = database.open();
      opened.push(writer);
      return writer;
    },
    stored: database.stored,
    overwrite: database.overwrite,
    writes: () => opened.reduce((sum, writer) => sum + writer.counts().writes, 0),
    spoilers: {
      missing: async () => void (await states.deleteOne(only)),
      'half moved here': async () =>
        void (await states.updateOne(only, { $set: { status: 'filling' } })),
      'moved away': async () => void (await states.updateOne(only, { $set: { status: 'moved' } })),
      'of another program': async () =>
        void (await states.updateOne(only, { $unset: { head: '', revision: '' } })),
    },
    oddRows: {
      'bots not a list': async () =>
        void (await pools.updateOne({}, { $set: { 'value.bots': {} as never } })),
      'a bot not a string': async () =>
        void (await pools.updateOne({}, { $set: { 'value.bots': [1] as never } })),
      'a mapping that is null': async () =>
        void (await bots.updateOne({}, { $set: { value: null as never } })),
      'a port that is text': async () =>
        void (await bots.updateOne({}, { $set: { 'value.port': '9000' as never } })),
    },
  };
});
