// What is counted of the runs, for the operator's graphs.

export interface SyncMeter {
  runEnded(run: {
    readonly kind: 'sync-wallet' | 'sync-all';
    readonly trigger: string;
    readonly outcome: string;
  }): void;
  found(orphans: number): void;
  repaired(orphans: number): void;
  /** `reason` is one of a bounded set of words. */
  skipped(reason: string): void;
  guardStopped(guard: string): void;
  unknownSource(source: 'pool-state' | 'docker'): void;
}
