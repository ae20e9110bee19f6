// One configured host: its client, its circuit, and, while the circuit is open, a ping every second, so
// that "the host is back" is noticed without anybody asking (I10: tombstones hurry then).

import type Docker from 'dockerode';
import type { Circuit, CircuitState } from './circuit.ts';
import { createCircuit } from './circuit.ts';
import type { Deadlines } from './deadlines.ts';
import { createDockerClient, type DockerHost } from './docker-client.ts';
import { createHostCalls, type HostCalls } from './host-calls.ts';

export interface HostState {
  readonly name: string;
  readonly circuit: CircuitState;
  /** Null: it has not answered since this process started. */
  readonly lastAnswerAt: Date | null;
}

export interface HostWatch {
  readonly calls: HostCalls;
  readonly state: () => HostState;
  /** Lets the ping timer run. Idempotent. */
  readonly open: () => void;
  /** Stops it and closes the connections. Idempotent; calls made later open them again. */
  readonly close: () => void;
}

export interface HostWatchOptions {
  readonly host: DockerHost;
  readonly deadlines: Deadlines;
  readonly now: () => Date;
  readonly onChange: (name: string, state: CircuitState) => void;
}

/** Connection failures in a row that open the circuit: one may be a stale connection. */
const FAILURES_TO_OPEN = 3;
const PROBE_EVERY_MS = 1_000;

export function createHostWatch({ host, deadlines, now, onChange }: HostWatchOptions): HostWatch {
  const client = createDockerClient(host.options);
  const closing = { current: new AbortController() };
  let lastAnswerAt: Date | null = null;
  let isOpen = false;
  let timer: NodeJS.Timeout | undefined;

  const circuit: Circuit = createCircuit({
    failuresToOpen: FAILURES_TO_OPEN,
    probeEveryMs: PROBE_EVERY_MS,
    now,
    onChange: (state) => {
      onChange(host.name, state);
      if (state === 'open') schedulePing();
    },
  });
  const onAnswer = () => {
    lastAnswerAt = now();
  };
  const calls = createHostCalls({ name: host.name, api: client.api, circuit, onAnswer });
  // The ping does not ask the circuit: it is what closes it.
  const prober = createHostCalls({
    name: host.name,
    api: client.api,
    circuit: { ...circuit, admit: () => true },
    onAnswer,
  });

  function schedulePing() {
    clearTimeout(timer);
    if (isOpen && circuit.state() === 'open') timer = setTimeout(ping, PROBE_EVERY_MS);
  }

  function ping() {
    const request = {
      what: 'ping',
      deadlineMs: deadlines.probeMs,
      isPrompt: true,
      send: (api: typeof client.api, abortSignal: AbortSignal) => pingOf(api)({ abortSignal }),
    };
    // Whatever the answer, the circuit has been told of it.
    prober.read(request, { signal: closing.current.signal }).then(schedulePing, schedulePing);
  }

  return {
    calls,
    state: () => ({ name: host.name, circuit: circuit.state(), lastAnswerAt }),
    open: () => {
      if (isOpen) return;
      isOpen = true;
      closing.current = new AbortController();
      schedulePing();
    },
    close: () => {
      isOpen = false;
      clearTimeout(timer);
      closing.current.abort();
      client.close();
    },
  };
}

/** dockerode's ping takes options that its types do not know. */
function pingOf(api: Docker): (options: { abortSignal: AbortSignal }) => Promise<unknown> {
  return api.ping.bind(api) as (options: { abortSignal: AbortSignal }) => Promise<unknown>;
}
