// What a provision captures before it touches anything, and what its steps leave for later ones.

import { stored } from '@reclaim/saga';
import { Type } from 'typebox';
import type { RunningPool } from '../pool-state/pool-slots.ts';
import type { Reservation } from '../wallet/wallets.ts';

/** Where the bot may live, as seen before its slot was taken. */
export interface AssignCapture {
  /** Whether the pool state knew this id already: then the entry is not this saga's to take out. */
  readonly hadEntry: boolean;
  readonly pools: readonly RunningPool[];
  readonly dedicated: DedicatedPlace | null;
}

export interface DedicatedPlace {
  readonly kind: 'dedicated';
  readonly host: string;
  readonly image: string;
}

export interface PooledPlace {
  readonly kind: 'pooled';
  readonly host: string;
  readonly poolId: string;
  readonly containerName: string;
  readonly slotIndex: number;
  readonly port: number;
  readonly createdAt: string;
}

/** Where it lives. */
export type Place = PooledPlace | DedicatedPlace;

/** Containers that carried this id before anything was started: never this saga's to remove. */
export interface StartCapture {
  readonly existing: readonly string[];
}

const TEXT = Type.String();
const DEDICATED = Type.Object({ kind: Type.Literal('dedicated'), host: TEXT, image: TEXT });

export const ASSIGN_CAPTURE = stored<AssignCapture>(
  'capture of the places',
  Type.Object({
    hadEntry: Type.Boolean(),
    pools: Type.Array(Type.Object({ poolId: TEXT, containerName: TEXT, host: TEXT })),
    dedicated: Type.Union([DEDICATED, Type.Null()]),
  }),
);

export const START_CAPTURE = stored<StartCapture>(
  'capture of the bot',
  Type.Object({ existing: Type.Array(TEXT) }),
);

export const PLACE = stored<Place>(
  'place of the bot',
  Type.Union([
    DEDICATED,
    Type.Object({
      kind: Type.Literal('pooled'),
      host: TEXT,
      poolId: TEXT,
      containerName: TEXT,
      slotIndex: Type.Number(),
      port: Type.Number(),
      createdAt: TEXT,
    }),
  ]),
);

export const RESERVATION = stored<Reservation>(
  'reservation',
  Type.Object({
    opId: TEXT,
    userId: TEXT,
    instanceId: TEXT,
    incarnationId: TEXT,
    botName: TEXT,
    amountMinor: Type.Integer(),
    previousBalance: Type.Number(),
    newBalance: Type.Number(),
    description: TEXT,
    seq: Type.Number(),
  }),
);
