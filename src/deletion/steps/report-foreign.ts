// Names what carries this bot's id and is somebody else's, or nobody's who is known: it is left alone, and a
// person is told.

import { idConflict } from '../../findings/findings.ts';
import { readInput } from '../delete-bot-input.ts';
import { capturedBot, type DeletionCall, type DeletionPorts, STEP } from './step-ports.ts';

/** Tells what has been captured so far; repeatable. */
export async function reportForeign(
  { findings }: Pick<DeletionPorts, 'findings'>,
  call: DeletionCall,
): Promise<void> {
  const containers = capturedBot(call)?.foreign ?? [];
  const hasForeignEntry = call.captures[STEP.pool]?.hasForeign ?? false;
  if (containers.length === 0 && !hasForeignEntry) return;
  const { userId, instanceId } = readInput(call.input);
  await findings.report(idConflict({ userId, instanceId, containers, poolState: hasForeignEntry }));
}
