// What must be true of every simulated saga: it was durable when it was accepted, it has ended, no run threw, and its
// status never went back (I7, I9, I10). What became of its world is the business of the simulation's own oracle.

import type { SagaRecord } from '../../log/record.ts';
import { isEnded } from '../../machine/state.ts';
import { rankOf } from '../search/saga-promises.ts';
import type { Simulated } from './simulation.ts';

/** @returns the promises that are broken. */
export function brokenPromises<World>({ sagas, failures }: Simulated<World>): readonly string[] {
  return [
    ...failures,
    ...sagas.flatMap(({ saga: { state }, written }) => [
      ...(isEnded(state.phase) ? [] : [`I10: it is still ${state.phase}`]),
      ...(isMonotonic(written) ? [] : ['I9: a state went back']),
    ]),
  ];
}

function isMonotonic(written: readonly SagaRecord[]): boolean {
  return written.every(({ state, revision, epoch }, index) => {
    const before = written[index - 1];
    if (before === undefined) return true;
    const isOn = rankOf(state) >= rankOf(before.state) && !isEnded(before.state.phase);
    return isOn && revision === before.revision + 1 && epoch >= before.epoch;
  });
}
