// All twins. docs/guarantees.md is written from this list; a twin that is to be played and is not does not compile, and one
// that is played and not caught fails.

import { ACCEPTED_MEANS_DURABLE } from './facts/accepted-means-durable.ts';
import { ALL_OR_COMPENSATED } from './facts/all-or-compensated.ts';
import { CONSERVATION } from './facts/conservation.ts';
import { IDEMPOTENT_CONVERGENCE } from './facts/idempotent-convergence.ts';
import { LIVENESS } from './facts/liveness.ts';
import { MONEY_ONCE } from './facts/money-once.ts';
import { NO_ORPHAN } from './facts/no-orphan.ts';
import { NO_REFUND_WITHOUT_EVIDENCE } from './facts/no-refund-without-evidence.ts';
import { ONE_WRITER } from './facts/one-writer.ts';
import { POINT_OF_NO_RETURN } from './facts/point-of-no-return.ts';
import { SAME_REQUEST_SAME_SAGA } from './facts/same-request-same-saga.ts';
import { TRUTHFUL_STATUS } from './facts/truthful-status.ts';
import type { Invariant, Twin, TwinFacts } from './twin-facts.ts';

const FACTS = {
  I1: ALL_OR_COMPENSATED,
  I2: MONEY_ONCE,
  I3: NO_ORPHAN,
  I4: NO_REFUND_WITHOUT_EVIDENCE,
  I5: ONE_WRITER,
  I6: POINT_OF_NO_RETURN,
  I7: ACCEPTED_MEANS_DURABLE,
  I8: SAME_REQUEST_SAME_SAGA,
  I9: TRUTHFUL_STATUS,
  I10: LIVENESS,
  I11: CONSERVATION,
  I12: IDEMPOTENT_CONVERGENCE,
} as const satisfies Readonly<Record<Invariant, Readonly<Record<string, TwinFacts>>>>;

type Facts = typeof FACTS;

export type TwinName = { [I in Invariant]: keyof Facts[I] }[Invariant];

type PlayedOf<Ofs> = {
  [Name in keyof Ofs]: Ofs[Name] extends { readonly isPlayed: true } ? Name : never;
}[keyof Ofs];

export type PlayedName = { [I in Invariant]: PlayedOf<Facts[I]> }[Invariant];

export const TWINS: readonly Twin[] = Object.keys(FACTS).flatMap((key) => {
  const invariant = key as Invariant;
  const ofInvariant: Readonly<Record<string, TwinFacts>> = FACTS[invariant];
  return Object.entries(ofInvariant).map(([name, facts]) => ({ name, invariant, ...facts }));
});
