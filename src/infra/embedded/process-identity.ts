// Names a process so that no other can be taken for it: a process id alone is given out again, and a lock or pid file
// that is trusted by the id alone would end, or wait for, a foreign process.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface ProcessIdentity {
  readonly pid: number;
  /** When the process started, in the system's own words; compared, never read. */
  readonly startedAt: string;
}

/** The process with this id that runs now, or undefined when there is none. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const startedAt = process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** Whether exactly this process, not a later one with its id, is still alive. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identifyProcess(identity.pid))?.startedAt === identity.startedAt;
}

/** Reads an identity back from a file. @returns undefined for anything else. */
export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('pid' in value) || !('startedAt' in value)) return undefined;
  const { pid, startedAt } = value;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 1) return undefined;
  return typeof startedAt === 'string' ? { pid, startedAt } : undefined;
}

async function fromProc(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The program's name stands in parentheses and may hold spaces; the fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, ticks] = [fields[0], fields[19]];
    // A zombie is dead; only its parent has not reaped it yet.
    if (state === 'Z' || ticks === undefined) return undefined;
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()}+${ticks}`;
  } catch {
    return undefined;
  }
}

async function fromPs(pid: number): Promise<string | undefined> {
  try {
    const args = ['-o', 'lstart=', '-p', String(pid)];
    const { stdout } = await promisify(execFile)('ps', args, { timeout: 5_000 });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}
