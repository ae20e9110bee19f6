// Which definitions the live workers can run, so that a saga whose version no worker knows does not wait in silence.

export interface WorkerRegistry {
  /** This process can run these (`<name>@<version>`) for the next `ttlMs`, by the database's time. */
  announce(runnable: readonly string[], ttlMs: number): Promise<void>;
  /** What at least one live process can run. */
  runnable(): Promise<readonly string[]>;
  /** This process runs nothing any more. */
  withdraw(): Promise<void>;
}
