// What the operations on one simulated bot share.

import { InDoubtError } from '@reclaim/saga';
import type { FencedCall } from '../bots.ts';
import type { InjectedFaults } from './injected-faults.ts';
import type { WorldCalls, WorldChange } from './world-calls.ts';
import type { WorldDocument } from './world-documents.ts';

export interface Simulation {
  readonly calls: WorldCalls;
  readonly injectedFaults: InjectedFaults;
  /** The longest stop time of an owner's that a container gets. */
  readonly maxStopSeconds: number;
  /** Makes one change, fenced, with the misbehaviour of whatever it meets. */
  readonly apply: (
    change: WorldChange,
    met: readonly WorldDocument[],
    call: FencedCall,
  ) => Promise<void>;
}

/** @throws InDoubtError when a pool runs whose supervisord is dead: it cannot be asked. */
export function refuseDead(met: readonly WorldDocument[]): void {
  const mute = met.find(
    (document) => document.kind === 'pool' && document.running && document.supervisord === 'dead',
  );
  if (mute === undefined) return;
  throw new InDoubtError('SIMULATED_SUPERVISOR', `supervisord of ${mute._id} does not answer`);
}
