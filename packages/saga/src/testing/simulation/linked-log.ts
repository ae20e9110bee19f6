// The log as one process reaches it; or a primary that has lost its majority and does not know it yet.

import { UnavailableError } from '../../errors.ts';
import type { LogWrite, SagaLog } from '../../log/saga-log.ts';
import { historyOf, writtenRecord } from '../../log/written-record.ts';
import { type Link, LOG } from './link.ts';

export function logOver(log: SagaLog, link: Link): SagaLog {
  const send = <T>(what: string, ask: () => Promise<T>) => link.call(LOG, `log ${what}`, ask);
  const confirm = <T>(what: string, ask: () => Promise<T>) =>
    send(what, async () => {
      if (link.isCutOff()) throw new CutOffError(what);
      return ask();
    });
  return {
    ...log,
    insert: (saga) => confirm('insert', () => log.insert(saga)),
    claim: (id, request) => confirm('claim', () => log.claim(id, request)),
    commit: (write) =>
      send(`commit ${write.claim.epoch}`, async () => {
        if (!link.isCutOff()) return log.commit(write);
        if (write.durability === 'majority') throw new CutOffError('commit');
        return takenAlone(write);
      }),
    renew: (claims, leaseMs) => confirm('renew', () => log.renew(claims, leaseMs)),
    release: (claim) => confirm('release', () => log.release(claim)),
    prove: (claim) => confirm('prove', () => log.prove(claim)),
    intervene: (order) => confirm('intervene', () => log.intervene(order)),
    find: (id) => send('find', () => log.find(id)),
    findRevisions: (ids) => send('find revisions', () => log.findRevisions(ids)),
    findByKey: (key, limit) => send('find by key', () => log.findByKey(key, limit)),
    findHolders: (keys) => send('find holders', () => log.findHolders(keys)),
    list: (filter) => send('list', () => log.list(filter)),
  };
}

// Acknowledged, on top of what this primary took alone before, and never visible to another member.
function takenAlone(write: LogWrite) {
  const { base, events, writeId } = write;
  const saga = writtenRecord(write, historyOf(events, base.epoch, writeId));
  return { status: 'landed', saga } as const;
}

/** What a primary that cannot reach its majority answers to every call that needs one. */
export class CutOffError extends UnavailableError {
  constructor(what: string) {
    super('CUT_OFF', `${what}: no majority`);
  }
}
