// What a provision captures before it touches anything, and what its steps leave for later ones: the schemas are what a
// newer program reads the log by, and the types are theirs.

import { type StoredOf, stored } from '@reclaim/saga';
import { Type } from 'typebox';
import { RESERVATION } from '../wallet/receipts.ts';

const TEXT = Type.String();

const DEDICATED = Type.Object({ kind: Type.Literal('dedicated'), host: TEXT, image: TEXT });
export type DedicatedPlace = StoredOf<typeof DEDICATED>;

const POOLED = Type.Object({
  kind: Type.Literal('pooled'),
  host: TEXT,
  poolId: TEXT,
  containerName: TEXT,
  slotIndex: Type.Number(),
  port: Type.Number(),
  createdAt: TEXT,
});
export type PooledPlace = StoredOf<typeof POOLED>;

/** Where the bot lives. */
export const PLACE = Type.Union([DEDICATED, POOLED]);
export type Place = StoredOf<typeof PLACE>;

/** Names the row that the reservation writes. */
export const OPERATION = Type.Object({ opId: TEXT });

/** Where the bot may live, as observed before its slot was taken. */
export const PLACES = Type.Object({
  /** Whether the pool state knew this id already: then the entry is not this saga's to take out. */
  hadEntry: Type.Boolean(),
  /** What its mapping will say, ISO 8601: by it the entry is known as this saga's. */
  createdAt: TEXT,
  pools: Type.Array(Type.Object({ poolId: TEXT, containerName: TEXT, host: TEXT })),
  dedicated: Type.Union([DEDICATED, Type.Null()]),
});
export type PlacesCapture = StoredOf<typeof PLACES>;

/** Containers that carried this id before anything was started: never this saga's to remove. */
export const EXISTING = Type.Object({ existing: Type.Array(TEXT) });
export type ExistingCapture = StoredOf<typeof EXISTING>;

/** For readers of a saga's record. */
export const PLACE_VALUE = stored('place of the bot', PLACE);
export const RESERVED = stored('reservation', RESERVATION);
