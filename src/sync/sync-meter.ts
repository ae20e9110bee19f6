// What is counted of the runs, for the operator's graphs.

export interface SyncMeter {
  runEnded(run: {
    readonly kind: 'sync-wallet' | 'sync-all';
    readonly trigger: string;
    readonly outcome: string;
  }): void;
  /** Allocations that a run found orphaned. */
  found(count: number): void;
  /** Of these, paid back. */
  repaired(count: number): void;
  /** @param reason a kebab-case word out of a small set, never an id or a message. */
  skipped(reason: string): void;
  guardStopped(guard: string): void;
  unknownSource(source: 'pool-state' | 'docker'): void;
}
