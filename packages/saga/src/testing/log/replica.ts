// One oplog in memory: what its primary has, and what a majority has of that. A failover forgets the rest, of all
// documents at once, although it was acknowledged.

export interface ReplicaOptions<Document> {
  /** Receives every write when it is on a majority, in their order. */
  readonly onCommitted?: ((document: Document) => void) | undefined;
  /** How long the majority is behind, in ms; 0: not at all; infinite: until something waits for it. */
  readonly lagMs?: (() => number) | undefined;
}

export function createReplica<Document>({
  onCommitted = () => undefined,
  lagMs = () => 0,
}: ReplicaOptions<Document>) {
  const durable = new Map<string, Document>();
  const oplog: { readonly id: string; readonly document: Document }[] = [];
  const onPrimary = new Map<string, Document>();
  /** Counts elections: what an old primary waits for has no caller any more. */
  let term = 1;
  let committedUpTo = 0;

  function commitUpTo(end: number): void {
    while (committedUpTo < end) {
      const entry = oplog.shift();
      committedUpTo += 1;
      if (entry === undefined) throw new RangeError('the oplog is shorter than what was written');
      durable.set(entry.id, entry.document);
      onCommitted(entry.document);
    }
  }

  return {
    /** As the primary has it. */
    get: (id: string): Document | undefined => onPrimary.get(id),
    /** As a majority has it: what no failover takes back. */
    committed: (id: string): Document | undefined => durable.get(id),
    /** All of them, as the primary has them. */
    all: (): readonly Document[] => [...onPrimary.values()],
    allCommitted: (): readonly Document[] => [...durable.values()],
    /** @param durability `majority`: on a majority when it returns, and with it all that was written before. */
    put: (id: string, document: Document, durability: 'majority' | 'primary'): void => {
      onPrimary.set(id, document);
      oplog.push({ id, document });
      const end = committedUpTo + oplog.length;
      const behindMs = durability === 'majority' ? 0 : lagMs();
      if (behindMs === 0) {
        commitUpTo(end);
        return;
      }
      if (behindMs === Number.POSITIVE_INFINITY) return;
      const mine = term;
      setTimeout(() => {
        if (mine === term) commitUpTo(end);
      }, behindMs);
    },
    /** What was written so far is on a majority: a caller that waited for one write of it has waited for all. */
    commit: (): void => commitUpTo(committedUpTo + oplog.length),
    /** Another primary, which never had what was not on a majority. @returns how many writes are lost. */
    failOver: (): number => {
      term += 1;
      const lost = oplog.length;
      oplog.length = 0;
      onPrimary.clear();
      for (const [id, document] of durable) onPrimary.set(id, document);
      return lost;
    },
  };
}
