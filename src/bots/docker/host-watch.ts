// One configured host: its client, its circuit, and, while the circuit is open, a ping every second, so
// that "the host is back" is noticed without a call (I10: tombstones are made due then).

import type Docker from 'dockerode';
import type { BotsCall } from '../bots.ts';
import { type CircuitState, createCircuit } from './circuit.ts';
import type { Deadlines } from './deadlines.ts';
import { createDockerClient, type DockerHost } from './docker-client.ts';
import { createHostCalls } from './host-calls.ts';

export interface HostState {
  readonly name: string;
  readonly circuit: CircuitState;
  /** Null: it has not answered since this process started. */
  readonly lastAnswerAt: Date | null;
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

export function createHostWatch({ host, deadlines, now, onChange }: HostWatchOptions) {
  const client = createDockerClient(host.options);
  let lockedBy = new AbortController();
  let lastAnswerAt: Date | null = null;
  let isOpen = false;
  let timer: NodeJS.Timeout | undefined;

  const circuit = createCircuit({
    failuresToOpen: FAILURES_TO_OPEN,
    probeEveryMs: deadlines.refusedForMs,
    now,
    onChange: (state) => {
      onChange(host.name, state);
      if (state === 'open') schedulePing();
    },
  });
  const onAnswer = () => {
    lastAnswerAt = now();
  };
  const shared = { name: host.name, api: client.api, circuit, onAnswer };
  const prober = createHostCalls({ ...shared, admit: () => true });
  const calls = createHostCalls({ ...shared, admit });
  let probing: Promise<boolean> | undefined;

  /** While the circuit is open, the first call in a probe period asks the host itself, and so does every
   * call that is to probe; a call that comes meanwhile waits for that answer, all others are refused at once. */
  function admit({ probes = false }: BotsCall): true | Promise<boolean> {
    if (circuit.state() === 'closed') return true;
    if (probing === undefined && !probes && !circuit.admit()) return Promise.resolve(false);
    return probe();
  }

  function probe(): Promise<boolean> {
    const isClosed = () => {
      probing = undefined;
      return circuit.state() === 'closed';
    };
    const request = {
      what: 'ping',
      deadlineMs: deadlines.probeMs,
      isPrompt: true,
      send: (api: Docker, abortSignal: AbortSignal) => pingOf(api)({ abortSignal }),
    };
    const { signal } = lockedBy;
    // Whatever the answer, it was reported to the circuit.
    probing ??= prober.read(request, { signal }).then(isClosed, isClosed);
    return probing;
  }

  function schedulePing() {
    clearTimeout(timer);
    if (!isOpen || circuit.state() === 'closed') return;
    timer = setTimeout(() => void probe().then(schedulePing), PROBE_EVERY_MS);
  }

  return {
    calls,
    state: (): HostState => ({ name: host.name, circuit: circuit.state(), lastAnswerAt }),
    /** Lets the ping timer run. Idempotent. */
    open: (): void => {
      if (isOpen) return;
      isOpen = true;
      schedulePing();
    },
    /** Stops it and closes the connections. Idempotent; calls made later open them again. */
    close: (): void => {
      isOpen = false;
      clearTimeout(timer);
      lockedBy.abort();
      lockedBy = new AbortController();
      client.close();
    },
  };
}

/** dockerode's ping takes options that its types do not know. */
function pingOf(api: Docker): (options: { abortSignal: AbortSignal }) => Promise<unknown> {
  return api.ping.bind(api) as (options: { abortSignal: AbortSignal }) => Promise<unknown>;
}
