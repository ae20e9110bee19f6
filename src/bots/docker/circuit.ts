// A circuit breaker for one host: after a few failures in a row it answers in the host's place, so that
// a dead host costs a deadline once and not once per call. While open it lets one probe through
// each probe period. It decides nothing but whether to try.

export type CircuitState = 'closed' | 'open';

export interface CircuitOptions {
  readonly failuresToOpen: number;
  readonly probeEveryMs: number;
  readonly now: () => Date;
  readonly onChange: (state: CircuitState) => void;
}

export type Circuit = ReturnType<typeof createCircuit>;

export function createCircuit(options: CircuitOptions) {
  const { failuresToOpen, probeEveryMs, now, onChange } = options;
  let failures = 0;
  let state: CircuitState = 'closed';
  let nextProbeAt = 0;

  const enter = (next: CircuitState) => {
    if (state === next) return;
    state = next;
    onChange(next);
  };

  return {
    /** Whether a call may go out now. */
    admit: (): boolean => {
      if (state === 'closed') return true;
      const at = now().getTime();
      // A clock set back must not keep the host unprobed for as long as it was set back.
      if (at < nextProbeAt && nextProbeAt - at <= probeEveryMs) return false;
      nextProbeAt = at + probeEveryMs;
      return true;
    },
    succeeded: (): void => {
      failures = 0;
      enter('closed');
    },
    failed: (): void => {
      failures++;
      if (failures < failuresToOpen) return;
      nextProbeAt = now().getTime() + probeEveryMs;
      enter('open');
    },
    state: (): CircuitState => state,
  };
}
