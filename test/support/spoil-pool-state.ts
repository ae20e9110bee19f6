// A pool state that says nothing for a while, wherever it is kept: each way leaves something that the healing replaces.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { poolCollections } from '../../src/pool-state/mongodb/pool-documents.ts';
import { isInMongodb, type Stage } from './deletions.ts';

export type Spoiling = 'torn' | 'missing' | 'unreadable' | 'of another shape';

/** @returns what puts everything back as it was. */
export function spoilPoolState(app: Stage, way: Spoiling): Promise<() => Promise<void>> {
  return isInMongodb(app) ? spoilDocuments(app, way) : spoilFile(app, way);
}

const FILE: Readonly<Record<Spoiling, (file: string) => Promise<unknown>>> = {
  torn: (file) => writeFile(file, '{"pools": {"uid-'),
  missing: (file) => rm(file),
  unreadable: (file) => rm(file).then(() => mkdir(file)),
  'of another shape': (file) => writeFile(file, '{"bots": []}'),
};

async function spoilFile({ poolStateFile: file }: Stage, way: Spoiling) {
  const whole = await readFile(file);
  await FILE[way](file);
  return async () => {
    await rm(file, { recursive: true, force: true });
    await writeFile(file, whole);
  };
}

/** A half of it, in MongoDB, is a store that is being filled. */
const DOCUMENT = {
  torn: { $set: { status: 'filling' } },
  unreadable: { $unset: { head: '', revision: '' } },
  'of another shape': { $unset: { head: '' } },
} as const;

async function spoilDocuments({ db }: Stage, way: Spoiling) {
  const { state } = poolCollections(db);
  const only = { _id: 'state' } as const;
  const whole = await state.findOne(only);
  if (whole === null) throw new Error('there is no pool state to spoil');
  if (way === 'missing') await state.deleteOne(only);
  else await state.updateOne(only, DOCUMENT[way]);
  return async () => {
    await state.replaceOne(only, whole, { upsert: true });
  };
}
