// What must be true after a simulation of runs over all users, beside what must be true of each user: every orphan is paid
// by them, a report says what its run has begun and what came of it, and a run that was stopped has begun nothing.

import { Type } from 'typebox';
import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import { stored } from '../../../packages/saga/src/run/stored.ts';
import type { Simulated, SimulatedSaga } from '../../../packages/saga/src/testing/index.ts';
import { SYNC_ALL, SYNC_ALL_INPUT } from '../../../src/sync/sync-all-input.ts';
import { SURVEY } from '../../../src/sync/sync-all-report.ts';
import { SYNC_RESULT } from '../../../src/sync/sync-reports.ts';
import { SYNC_WALLET } from '../../../src/sync/sync-wallet-input.ts';
import { VALUE_MINOR } from '../../fakes/wallet-world.ts';
import type { AllUsersWorld, CalmRun } from './all-simulation.ts';
import { brokenHealth } from './health-oracle.ts';
import { broken } from './oracle.ts';
import { brokenOfUsers, sightsOfUsers } from './user-oracle.ts';

type Saga = SimulatedSaga<AllUsersWorld>;

const INPUT = stored('input of a run over all users', SYNC_ALL_INPUT);
const SURVEYED = stored('survey of a run over all users', SURVEY);
const RESULT = stored(
  'result of a run over all users',
  Type.Object({
    allocations: Type.Number(),
    containers: Type.Number(),
    orphans: Type.Number(),
    stoppedBy: Type.Union([Type.String(), Type.Null()]),
    scheduledUsers: Type.Number(),
    repaired: Type.Union([Type.Number(), Type.Null()]),
    totalReturned: Type.Union([Type.Number(), Type.Null()]),
  }),
);

/** @returns the promises that are broken. */
export function brokenOfAllUsers(simulated: Simulated<AllUsersWorld>): readonly string[] {
  const { sagas } = simulated;
  const [first] = sagas;
  return [
    ...brokenOfUsers(simulated),
    ...sagas.filter(({ saga }) => saga.kind === SYNC_ALL).flatMap((run) => brokenRun(run, sagas)),
    ...(first === undefined ? [] : brokenCalm(first.world.runs.calm)),
    ...brokenHealth(simulated),
  ];
}

/** What a run's report says, held against its list, and against the runs that were begun in its name. */
function brokenRun({ saga, world }: Saga, all: readonly Saga[]): readonly string[] {
  const result = RESULT.readOrNull(saga.result);
  if (result === null) return [];
  const { dryRun, force, trigger } = INPUT.read(saga.input);
  const { listId } = SURVEYED.read(saga.state.steps[0]?.value);
  const listed = world.shared.runDrifts.of(listId);
  const begun = all.filter(({ saga: { requestedBy } }) => requestedBy === `run:${saga.id}`);
  const users = begun.map(({ saga: { subject } }) => subject);
  const isIdle = dryRun || result.stoppedBy !== null;
  const assigned = listed.map(({ sagaId }) => all.find((run) => run.saga.id === sagaId));
  const isBlind = result.containers === 0 && result.allocations > 0;
  return broken({
    'I4: it was stopped, or rehearsed, and has begun repairs': isIdle && begun.length > 0,
    'I4: no bot was to be seen anywhere, and it went on':
      isBlind && !force && result.stoppedBy === null,
    'I8: a run over all users has begun two runs of one user': new Set(users).size < users.length,
    // One whose order arrives late, when the run that the list names for its user has ended, is one more observation.
    'I9: it has begun a run of a user, and knows of none': begun.some(
      ({ saga: { subject } }) =>
        !listed.some(({ userId, sagaId }) => userId === subject && sagaId !== null),
    ),
    'I3: a user has drifted, and got no run': !isIdle && assigned.includes(undefined),
    [`I9: it says ${result.scheduledUsers} users, and its list has ${listed.length}`]:
      result.scheduledUsers !== (isIdle ? 0 : listed.length),
    ...(trigger === 'explicit' && !isIdle ? brokenSums(result, assigned) : {}),
  });
}

/** A run that was stuck was at rest when it was counted, and may have paid since. */
function brokenSums(
  { repaired, totalReturned }: ReturnType<typeof RESULT.read>,
  runs: readonly (Saga | undefined)[],
) {
  const wasStuck = runs.some((run) => run?.written.some(({ state }) => state.phase === 'stuck'));
  const results = runs.map((run) => SYNC_RESULT.readOrNull(run?.saga.result ?? null));
  const cleaned = results.flatMap((result) => result?.data.cleanedBots ?? []).length;
  const isTrue = repaired === cleaned || (wasStuck && (repaired ?? 0) < cleaned);
  return {
    [`I9: it says that ${repaired} were repaired, and ${cleaned} were`]: !isTrue,
    [`I9: it says that ${totalReturned} was returned for ${repaired}`]:
      Math.round((totalReturned ?? 0) * 100) !== (repaired ?? 0) * VALUE_MINOR,
  };
}

function brokenCalm(calm: readonly CalmRun[]): readonly string[] {
  const last = calm.at(-1);
  const result = RESULT.readOrNull(last?.run.result);
  return [
    ...calm.flatMap(({ run, census }) => brokenCounts(run, census)),
    ...broken({
      'I12: the last run over all users has no result': result === null,
      'I12: the last run over all users found orphans': result !== null && result.orphans !== 0,
      'I12: the last run over all users has paid': result !== null && result.repaired !== 0,
      'I12: the last run over all users changed something':
        last !== undefined && last.before !== last.after,
      [`I3: two runs over all users have left ${last?.unpaid}`]: (last?.unpaid.length ?? 0) > 0,
    }),
  ];
}

/** Nobody else is at work in calm weather: what it counted is what there was. */
function brokenCounts({ result }: SagaRecord, census: CalmRun['census']): readonly string[] {
  return Object.entries(census).flatMap(([name, count]) => {
    const said: unknown = Reflect.get(Object(result), name);
    return said === count ? [] : [`I9: a survey says ${said} ${name}, and there were ${count}`];
  });
}

/** What is to be seen in these worlds. */
export function sightsOfAllUsers(simulated: Simulated<AllUsersWorld>): readonly string[] {
  const { sagas } = simulated;
  const runs = sagas.filter(({ saga }) => saga.kind === SYNC_ALL);
  return [
    ...sightsOfUsers(simulated),
    ...runs.flatMap(({ saga }) => {
      const { dryRun, force, trigger } = INPUT.read(saga.input);
      const result = RESULT.readOrNull(saga.result);
      return [
        ...(dryRun ? ['rehearsed'] : [`over all users ${trigger} ${saga.state.phase}`]),
        ...(force ? ['forced'] : []),
        ...(result?.stoppedBy ? [`stopped by ${result.stoppedBy}`] : []),
        ...((result?.repaired ?? 0) > 0 ? ['its runs have repaired'] : []),
      ];
    }),
    ...(sagas.some(isConfirming) ? ['a run of a user that drifted'] : []),
  ];
}

function isConfirming({ saga: { kind, requestedBy } }: Saga): boolean {
  return kind === SYNC_WALLET && requestedBy.startsWith('run:all-');
}
