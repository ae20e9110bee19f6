// Commands to the supervisord of a pool container, each a line to a borrowed supervisorctl. A change is fenced right
// before its line is sent (I5), and a line that was sent is never sent again unless it changes nothing: where
// its answer is lost, it is in doubt (I4).

import type { BotsCall, FencedCall } from '../../deletion/ports/bots.ts';
import { InDoubtError, UnavailableError } from '../../saga/errors.ts';
import { SESSION_ENDED } from './ctl-session.ts';
import type { BorrowedSession, CtlSessions } from './ctl-sessions.ts';
import type { HostCalls } from './host-calls.ts';

export interface CtlCommand {
  readonly containerId: string;
  readonly line: string;
  readonly deadlineMs: number;
}

/** A command that changes nothing. */
export function readCtl(
  host: HostCalls,
  sessions: CtlSessions,
  command: CtlCommand,
  call: BotsCall,
): Promise<string> {
  return onOpenSession(sessions, command, call, async (borrowed) => {
    try {
      return await host.read(request(command, borrowed), call);
    } catch (error) {
      // One that lay about may have ended without our knowing.
      const hasEnded = error instanceof InDoubtError && error.code === SESSION_ENDED;
      if (hasEnded && !borrowed.isFresh) return null;
      throw error;
    }
  });
}

/** A command that changes something. */
export function changeCtl(
  host: HostCalls,
  sessions: CtlSessions,
  command: CtlCommand,
  call: FencedCall,
): Promise<string> {
  return onOpenSession(sessions, command, call, (borrowed) =>
    host.change(request(command, borrowed), call),
  );
}

/** Null: the session had ended before the line was sent. */
function request({ line, deadlineMs }: CtlCommand, { session }: BorrowedSession) {
  return {
    what: `supervisorctl ${line.split(' ')[0]}`,
    deadlineMs,
    send: async (_api: unknown, abortSignal: AbortSignal) =>
      session.isOpen() ? session.ask(line, abortSignal) : null,
  };
}

async function onOpenSession(
  sessions: CtlSessions,
  { containerId, deadlineMs }: CtlCommand,
  call: BotsCall,
  ask: (borrowed: BorrowedSession) => Promise<string | null>,
): Promise<string> {
  // Ends with the first fresh one: those that lay about are few.
  for (;;) {
    const borrowed = await sessions.borrow(containerId, deadlineMs, call);
    try {
      const answer = await ask(borrowed);
      if (answer !== null) return answer;
    } finally {
      borrowed.giveBack();
    }
    if (borrowed.isFresh) {
      throw new UnavailableError(SESSION_ENDED, 'supervisorctl ended before it was asked');
    }
  }
}
