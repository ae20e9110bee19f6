// Whether a process that once wrote its name down is dead for certain. A pid alone proves nothing,
// because pids are used again: the mark adds when the process started. Whatever cannot be established
// counts as alive, since taking a lock from a living writer would make two writers (I5).
//
// A host is its host name: processes that share the file from one host must share one PID namespace.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** `linux:<boot id>:<start in clock ticks since boot>`, `ps:<start as text>`, or `none`. */
export type ProcessMark = string;

/** The mark of a living process. `none` where the system tells nothing; then only a pid that is gone
 * proves death. */
export async function markOf(pid: number): Promise<ProcessMark> {
  const seen = await lookAt(pid);
  return seen.status === 'running' ? seen.mark : 'none';
}

/** True only with proof: the machine has booted since, no process has this pid, it is a zombie, or
 * the one that has the pid now started at another moment. */
export async function isProvablyDead(pid: number, mark: ProcessMark): Promise<boolean> {
  if (await hasRebootedSince(mark)) return true;
  if (!isPidInUse(pid)) return true;
  const seen = await lookAt(pid);
  if (seen.status === 'zombie') return true;
  return seen.status === 'running' && isSameKind(seen.mark, mark) && seen.mark !== mark;
}

type Look =
  | { readonly status: 'running'; readonly mark: ProcessMark }
  | { readonly status: 'zombie' | 'unknown' };

async function lookAt(pid: number): Promise<Look> {
  const bootId = await readBootId();
  return bootId === null ? lookByPs(pid) : lookByProc(pid, bootId);
}

async function lookByProc(pid: number, bootId: string): Promise<Look> {
  const stat = await readText(`/proc/${pid}/stat`);
  if (stat === null) return { status: 'unknown' };
  // The second field is the program's name in parentheses and may hold anything, parentheses too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X') return { status: 'zombie' };
  if (start === undefined) return { status: 'unknown' };
  return { status: 'running', mark: `linux:${bootId}:${start}` };
}

async function lookByPs(pid: number): Promise<Look> {
  try {
    const { stdout } = await run('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)], {
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      timeout: PS_TIMEOUT_MS,
    });
    const [state, ...start] = stdout.trim().split(/\s+/);
    if (state === undefined || start.length === 0) return { status: 'unknown' };
    if (state.startsWith('Z')) return { status: 'zombie' };
    return { status: 'running', mark: `ps:${start.join(' ')}` };
  } catch {
    // No such tool, or no such process: `isPidInUse` has spoken on the second, so nothing is known.
    return { status: 'unknown' };
  }
}

const run = promisify(execFile);
/** A process table that does not answer must not hold up the wait for the lock. */
const PS_TIMEOUT_MS = 2_000;

async function hasRebootedSince(mark: ProcessMark): Promise<boolean> {
  const [kind, bootId] = mark.split(':');
  if (kind !== 'linux') return false;
  const current = await readBootId();
  return current !== null && current !== bootId;
}

/** Signal 0 asks and sends nothing. A process of another user answers EPERM: it is there. */
function isPidInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    return !(err instanceof Error && 'code' in err && err.code === 'ESRCH');
  }
}

function isSameKind(a: ProcessMark, b: ProcessMark): boolean {
  return a.split(':', 1)[0] === b.split(':', 1)[0];
}

async function readBootId(): Promise<string | null> {
  const text = await readText('/proc/sys/kernel/random/boot_id');
  return text === null || text.trim() === '' ? null : text.trim();
}

/** Null where the system has no such file or does not show it to us: "not known", never "dead". */
async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}
