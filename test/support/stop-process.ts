// SIGSTOP that has taken effect. The signal goes to one thread, which stops the others once it is scheduled: on a busy
// machine they run on for milliseconds, and a server confirms another write meanwhile.

import { readdirSync, readFileSync } from 'node:fs';

const LIMIT_MS = 10_000;

/** @returns when every thread of the process has stopped. @throws where one runs on for ten seconds. */
export function stopProcess(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  const end = performance.now() + LIMIT_MS;
  while (!isStopped(pid)) {
    if (performance.now() > end) throw new Error(`process ${pid} does not stop`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}

function isStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  return readdirSync(threads).every((thread) => stateOf(`${threads}/${thread}/stat`) === 'T');
}

/** The letter behind the name, which is in brackets and may hold brackets; of a thread that has ended: as good as stopped. */
function stateOf(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2)[0];
  } catch {
    return 'T';
  }
}
