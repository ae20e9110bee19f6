// Starts the program of a session in a container, in a place of its own. It runs under `timeout`, so that what a frozen
// supervisord holds does not collect inside the user's container; an image without `timeout` gets the plain command.

import { UnavailableError } from '@reclaim/saga';
import type Docker from 'dockerode';
import type { BotsCall } from '../bots.ts';
import type { HostCalls } from './host-calls.ts';
import { createSession, type Dialogue, type Session } from './session.ts';
import type { Container, Place, Places } from './session-slots.ts';

export interface SessionStartDeps<Answer> {
  readonly host: HostCalls;
  readonly dialogue: Dialogue<Answer>;
  readonly newToken: () => string;
  /** For the program to begin. */
  readonly commandMs: number;
  /** What `timeout` gives it. */
  readonly lifeMs: number;
  readonly places: Places<Answer>;
  /** It began after its caller had gone. */
  readonly onLate: OnOutcome<Answer>;
  /** It never began. */
  readonly onFailed: OnOutcome<Answer>;
}

type OnOutcome<Answer> = (
  container: Container<Answer>,
  place: Place<Answer>,
  session: Session<Answer>,
) => void;

const CREATE_MS = 5_000;
/** Beyond the life that `timeout` gives, for the news of the end to come. */
export const LATE_END_MS = 1_000;

/** @throws SagaError when it did not begin in time: no command was sent. */
export function createSessionStart<Answer>(deps: SessionStartDeps<Answer>) {
  const { dialogue, lifeMs } = deps;
  return async (container: Container<Answer>, call: BotsCall): Promise<Place<Answer>> => {
    const argv = ['timeout', String(Math.ceil(lifeMs / 1_000)), ...dialogue.argv];
    try {
      return await startWith(deps, container, argv, call);
    } catch (error) {
      if (!isWithoutTimeout(error)) throw error;
      return startWith(deps, container, [...dialogue.argv], call);
    }
  };
}

async function startWith<Answer>(
  deps: SessionStartDeps<Answer>,
  container: Container<Answer>,
  argv: string[],
  call: BotsCall,
): Promise<Place<Answer>> {
  const { host, dialogue, newToken, commandMs, lifeMs, places, onLate, onFailed } = deps;
  const place: Place<Answer> = {
    ...{ state: 'opening', session: null, endsAt: 0 },
    ...{ idleTimer: undefined, lifeTimer: undefined },
  };
  container.places.add(place);
  const what = `exec ${dialogue.program}`;
  try {
    const attached = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
    const create = (api: Docker, abortSignal: AbortSignal) =>
      api.getContainer(container.id).exec({ Cmd: argv, ...attached, abortSignal });
    const creation = { what, deadlineMs: CREATE_MS, isPrompt: true, send: create };
    const exec = await host.read(creation, call);
    const begin = async (_api: Docker, abortSignal: AbortSignal) => {
      place.endsAt = performance.now() + lifeMs;
      const stream = await exec.start({ hijack: true, stdin: true, abortSignal });
      const onGone = () => places.release(container, place);
      const session = createSession(stream, dialogue, newToken, onGone);
      place.session = session;
      // Where `timeout` cannot end it, or its end is never heard of.
      place.lifeTimer = setTimeout(session.close, lifeMs + LATE_END_MS);
      // One that is late for its caller comes in time for the next.
      const begun = session.begin(new AbortController().signal);
      begun.then(
        () => abortSignal.aborted && onLate(container, place, session),
        () => onFailed(container, place, session),
      );
      await begun;
    };
    await host.read({ what, deadlineMs: commandMs, send: begin }, call);
    if (place.state !== 'opening') throw new UnavailableError('DOCKER_CLOSED', 'closed meanwhile');
    container.startMs = performance.now() + lifeMs - place.endsAt;
    place.state = 'busy';
    return place;
  } catch (error) {
    if (place.session === null) places.release(container, place);
    throw error;
  }
}

function isWithoutTimeout(error: unknown): boolean {
  return error instanceof Error && /"timeout": executable file not found/.test(error.message);
}
