// Whether claims hold, as only a majority can prove. A primary that is cut off from it keeps answering reads, and takes
// writes that the primary alone need have, for as long as its election's timeout: it would call a claim good that
// another worker has taken over on the new primary (I5). A majority write it cannot confirm. A read with the concern
// `linearizable` would prove the same and takes fifty times as long, because it waits for the journal's next turn.

import { runRepeatable } from '../../mongodb/mongo-errors.ts';
import type { Claim } from '../saga-log.ts';
import type { LogContext } from './log-context.ts';

/** An effect that waits for this is better put off; the step comes again by itself. */
const CONFIRMED_WITHIN_MS = 2_000;
const CONFIRMED = { w: 'majority', wtimeoutMS: CONFIRMED_WITHIN_MS } as const;

export async function proveClaims({ sagas }: LogContext, claims: Claim[]): Promise<boolean[]> {
  return runRepeatable(async () => {
    const { matchedCount } = await sagas.bulkWrite(
      claims.map(({ sagaId, epoch, owner }) => ({
        updateOne: {
          filter: { _id: sagaId, epoch, owner, open: true },
          update: { $inc: { proofs: 1 } },
        },
      })),
      { ordered: false, writeConcern: CONFIRMED },
    );
    return matchedCount === claims.length ? claims.map(() => true) : readClaims({ sagas }, claims);
  });
}

// Which of them matched: those that did are confirmed, and a claim that did not never holds again.
async function readClaims(
  { sagas }: Pick<LogContext, 'sagas'>,
  claims: readonly Claim[],
): Promise<boolean[]> {
  const ids = claims.map(({ sagaId }) => sagaId);
  const projection = { epoch: 1, owner: 1, open: 1 };
  const found = await sagas.find({ _id: { $in: ids } }, { projection }).toArray();
  const byId = new Map(found.map((document) => [document._id, document]));
  return claims.map(({ sagaId, epoch, owner }) => {
    const document = byId.get(sagaId);
    return document?.open === true && document.epoch === epoch && document.owner === owner;
  });
}
