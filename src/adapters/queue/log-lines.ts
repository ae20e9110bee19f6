// What the dashboard shows of a saga: one line per step, written when the job comes to rest.

import type { SagaRecord } from '../../saga/record.ts';
import type { StepState } from '../../saga/state.ts';

export function logLines({ state }: SagaRecord): readonly string[] {
  const steps = state.steps.map(stepLine);
  const warnings = state.warnings.map(({ code, message }) => `warning ${code}: ${message}`);
  return [...steps, ...warnings, `saga ${state.phase}`];
}

function stepLine({ name, status, attempts, error, startedAtMs, finishedAtMs }: StepState): string {
  const tries = attempts > 1 ? `, ${attempts} attempts` : '';
  const took =
    startedAtMs === null || finishedAtMs === null ? '' : `, ${finishedAtMs - startedAtMs} ms`;
  const why = error === null ? '' : `: ${error.code}: ${error.message}`;
  return `${name}: ${status}${tries}${took}${why}`;
}
