// What health counts.

export interface HealthMeter {
  /** `outcome`: a health state's name, or `unknown`. */
  confirmed(outcome: string, count: number): void;
  /** The outcome of an order to restart. */
  restarted(outcome: string): void;
  roundEnded(outcome: 'done' | 'unknown' | 'failed' | 'skipped'): void;
  statusWritten(to: string): void;
}
