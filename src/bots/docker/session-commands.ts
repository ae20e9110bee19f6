// Commands in a container, each a line to a borrowed session. A change is fenced right before its line is sent
// (I5), and a line that was sent is never sent again unless it changes nothing: where its answer is lost,
// it is in doubt (I4).

import { InDoubtError, UnavailableError } from '@reclaim/saga';
import type { BotsCall, FencedCall } from '../bots.ts';
import type { HostCalls } from './host-calls.ts';
import { SESSION_ENDED } from './session.ts';
import type { BorrowedSession, Sessions } from './sessions.ts';

export interface SessionCommand {
  readonly containerId: string;
  readonly line: string;
  readonly deadlineMs: number;
}

/** A command that changes nothing. */
export function readBySession<Answer>(
  host: HostCalls,
  sessions: Sessions<Answer>,
  command: SessionCommand,
  call: BotsCall,
): Promise<Answer> {
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
export function changeBySession<Answer>(
  host: HostCalls,
  sessions: Sessions<Answer>,
  command: SessionCommand,
  call: FencedCall,
): Promise<Answer> {
  return onOpenSession(sessions, command, call, (borrowed) =>
    host.change(request(command, borrowed), call),
  );
}

/** Null: the session had ended before the line was sent. */
function request<Answer>(
  { line, deadlineMs }: SessionCommand,
  { session }: BorrowedSession<Answer>,
) {
  return {
    what: `${line.split(' ')[0]}`,
    deadlineMs,
    send: async (_api: unknown, abortSignal: AbortSignal): Promise<Answer | null> =>
      session.isOpen() ? session.ask(line, abortSignal) : null,
  };
}

async function onOpenSession<Answer>(
  sessions: Sessions<Answer>,
  { containerId, deadlineMs }: SessionCommand,
  call: BotsCall,
  ask: (borrowed: BorrowedSession<Answer>) => Promise<Answer | null>,
): Promise<Answer> {
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
      throw new UnavailableError(SESSION_ENDED, 'the session ended before it was asked');
    }
  }
}
