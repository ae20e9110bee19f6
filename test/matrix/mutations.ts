// The bug of each twin, written into the source itself, so that any test may meet it: those that guard the mechanism must
// (`test/twins/guards.full.test.ts`), but for the twins that are played. Beside them stand bugs that once survived the
// whole suite. A mutation is texts to find, each of which the file holds exactly once, and what to put there; nothing of
// it is compiled by tsc, so it may leave code behind that is never reached.

import type { TwinName } from '../twins/twins.ts';

export interface Mutation {
  /** Of the twin, or of the bug that has none. */
  readonly name: string;
  readonly edits: readonly Edit[];
}

export interface Edit {
  /** From the repository's root. */
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

const edit = (file: string, find: string, put: string): Edit => ({ file, find, put });
const inProduct = (file: string, find: string, put: string) => edit(`src/${file}`, find, put);
const inEngine = (file: string, find: string, put: string) =>
  edit(`packages/saga/src/${file}`, find, put);

/** Why a twin has no mutation: what it changes is no text of one place. */
export type Unmutated = { readonly without: string };

const OF_TWINS: Readonly<Record<TwinName, readonly Edit[] | Unmutated>> = {
  'swallowed-undo-error': [
    inEngine(
      'machine/backward.ts',
      '  const { compensations } = stepAt(state, step);',
      "  if (step >= 0) return undoFrom(shape, withStep(state, step, { status: 'compensated' }), step - 1);\n  const { compensations } = stepAt(state, step);",
    ),
  ],
  'refusal-of-the-log-that-nobody-sees': [
    inEngine(
      'run/journal.ts',
      "      if (error instanceof HoldError) return { status: 'refused', error };\n",
      '',
    ),
  ],
  'undo-of-recorded-steps-only': [
    inEngine(
      'machine/backward.ts',
      "capture !== null && status !== 'compensated'",
      "capture !== null && status === 'done'",
    ),
  ],
  'removal-not-observed': [
    inProduct(
      'bots/docker/dedicated-bot.ts',
      'const removal = await host.containers.remove(observed.containerId, call);',
      "const removal: string = 'gone';",
    ),
  ],
  'ended-by-those-who-answered': [
    inProduct(
      'deletion/finish-tombstone.ts',
      'const doubt = unobserved[0] ?? dispute ??',
      'const doubt = dispute ??',
    ),
  ],
  'restart-of-the-deleted': [
    inProduct(
      'health/restraints.ts',
      '    if (await isBuried(ports, bot)) restrained.add(botKey(bot));\n',
      '',
    ),
  ],
  'an-end-that-gives-nothing-back': [
    inProduct(
      'provisioning/provision-bot.ts',
      'release: (call) => releaseProvision(ports, call),',
      'release: async () => undefined,',
    ),
  ],
  'platform-payment-unobserved': [
    inProduct(
      'wallet/mongodb/platform-payments.ts',
      'return found?.isInBalance === true ?',
      'return false ?',
    ),
  ],
  'no-op-id-check': [
    inProduct(
      'wallet/mongodb/settle-update.ts',
      "      'walletTransactions.opId': { $ne: opId },\n",
      '',
    ),
    inProduct(
      'wallet/mongodb/settle-update.ts',
      "      'ledgerState.settled.opId': { $ne: opId },\n",
      '',
    ),
  ],
  'a-stored-copy-for-the-value': [
    inProduct(
      'deletion/bot-worth.ts',
      "if (orphan !== undefined) return { status: 'stored' };",
      "if (orphan !== null) return { status: 'stored' };",
    ),
  ],
  'release-that-asks-before-it-unlocks': [
    inProduct('deletion/release-bot.ts', '  await ports.wallets.unlock(lockTarget);\n', ''),
    inProduct(
      'deletion/release-bot.ts',
      '  const refund = await refundOf(ports, call);\n',
      '  const refund = await refundOf(ports, call);\n  await ports.wallets.unlock(lockTarget);\n',
    ),
  ],
  'a-release-that-is-made-once': [
    inEngine(
      'log/mongodb/commit-writes.ts',
      'if (owesRelease) set.releaseAt = ',
      'if (false) set.releaseAt = ',
    ),
  ],
  'numbers-taken-for-writes': [
    inProduct(
      'wallet/audit/audit-pass.ts',
      'await findAgain(ports, userId, from, rows);',
      '[] as WalletRow[];',
    ),
  ],
  'a-sum-taken-for-a-payment': [
    inProduct(
      'wallet/audit/audit-once.ts',
      '.filter(({ opId }) => !decided.has(opId))',
      '.filter(() => decided !== null)',
    ),
  ],
  'a-sequence-that-a-save-takes-back': [
    inProduct(
      'wallet/audit/chain.ts',
      '[...own.bySeq.values(), ...own.lost]',
      '[...own.bySeq.values()]',
    ),
  ],
  'books-behind-the-tombstone': [
    inProduct(
      'deletion/release-bot.ts',
      '  } finally {\n',
      '  } catch (error) {\n    throw error;\n  }\n  {\n',
    ),
  ],
  'settlement-in-two-updates': {
    without: 'the settlement is one pipeline; two updates would be another program',
  },
  'settlement-of-any-incarnation': [
    inProduct(
      'wallet/mongodb/settle-update.ts',
      '      isOfIncarnation(bot, incarnation.incarnationId),\n',
      '',
    ),
  ],
  'incarnations-known-by-the-document-alone': [
    inProduct(
      'wallet/mongodb/bot-pasts.ts',
      'return (userId, instanceId) => find({ userId, instanceId });',
      'return async () => NO_PAST;',
    ),
  ],
  'a-restoration-for-every-click': [
    inProduct('wallet/mongodb/restore.ts', "      'walletTransactions.opId': { $ne: opId },\n", ''),
    inProduct(
      'wallet/mongodb/restore.ts',
      "      'ledgerState.settled.opId': { $ne: opId },\n",
      '',
    ),
    inProduct(
      'wallet/mongodb/restore.ts',
      "      'ledgerState.settled.undone': { $nin: [...order.undone] },\n",
      '',
    ),
  ],
  'leftover-lock-holds': [
    inProduct(
      'wallet/closed-sagas.ts',
      'if (!isOtherSaga(result) || !(await isClosed(findSagas, result.sagaId))) return result;',
      'if (!isOtherSaga(result) || findSagas !== undefined) return result;',
    ),
  ],
  'docker-error-as-empty-list': [
    inProduct(
      'domain/source.ts',
      "if (answer.status === 'unknown') reasons.push(answer.reason);",
      "if (answer.status === 'unknown') continue;",
    ),
  ],
  'unreadable-file-as-no-bots': [
    inProduct(
      'pool-state/file/pool-file-reader.ts',
      "    return { status: 'unknown', reason };\n",
      "    const stamp = stampOf(await handle.stat({ bigint: true }));\n    const state = { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '' };\n    return { status: 'ok', snapshot: { stamp, isStampProof: false, bytes: Buffer.alloc(0), state } };\n",
    ),
  ],
  'unreadable-row-as-no-row': [
    inProduct(
      'pool-state/unreadable-rows.ts',
      '  if (rows === undefined) return null;',
      '  if (rows !== null) return null;',
    ),
  ],
  'empty-host-trusted': [
    inProduct(
      'bots/hosts/host-trust.ts',
      '      if (missing !== null) return { unknown: emptyReason(host, missing) };\n',
      '',
    ),
  ],
  'stranger-host-trusted': [
    inProduct(
      'bots/hosts/host-trust.ts',
      'return isMoneyOut ? {',
      'return isMoneyOut === null ? {',
    ),
  ],
  'one-observation-only': [
    inProduct(
      'sync/confirm-bots.ts',
      '  const { poolState, docker } = observation;\n  const confirmed',
      "  if (nowMs > 0) return { ...note, outcome: 'confirmed' };\n  const { poolState, docker } = observation;\n  const confirmed",
    ),
  ],
  'no-observation-before-payment': [
    inProduct(
      'deletion/reclaim-orphan.ts',
      'const answer = await absence.check({ userId, firebaseUid, instanceId }, call);',
      "const answer = { status: 'absent' };",
    ),
  ],
  'file-claim-believed': [
    inProduct(
      'bots/locate-owned.ts',
      "if (judged === 'foreign' && others.length > 0) return judged;",
      "if (judged === 'foreign') return judged;",
    ),
  ],
  'plain-name-is-all': [
    inProduct(
      'bots/supervisor/match-programs.ts',
      "if (owner === 'unknown') unmatched.push(program.name);",
      "if (owner === 'unknown') continue;",
    ),
  ],
  'name-without-id': [
    inProduct(
      'bots/remember-containers.ts',
      "      if (before.status === 'unknown') return joinAnswers([before], new Date());\n",
      '      if (before !== null) return bots.locate(query, call);\n',
    ),
    inProduct(
      'bots/remember-containers.ts',
      'return withMissing({ bots, known }, listing, compared.items, call);',
      'return listing;',
    ),
  ],
  'first-start-pays': [
    inProduct(
      'sync/first-report.ts',
      'let isConfirmed = !options.isBesidePlatform;',
      'let isConfirmed = true;',
    ),
  ],
  'label-as-identity': [
    inProduct(
      'bots/locate-owned.ts',
      "return judged === 'foreign' ? judged : 'disputed';",
      'return judged;',
    ),
  ],
  'log-write-without-epoch': [
    inEngine(
      'log/mongodb/commit-writes.ts',
      'const filter = { _id: sagaId, epoch, owner, writeId: base.writeId };',
      'const filter = { _id: sagaId };',
    ),
  ],
  'fence-not-asked': [inProduct('bots/docker/host-calls.ts', 'await call.fence();', '')],
  'lock-left-at-its-epoch': [
    inProduct(
      'deletion/delete-bot.ts',
      'fenceEffects: (call: DeletionCall) => fenceLock(ports, call),',
      'fenceEffects: async (_: DeletionCall) => undefined,',
    ),
  ],
  'proof-by-a-clock-that-goes-back': [
    inEngine(
      'run/journal.ts',
      'let provenAtMs = first.sentAtMs;',
      'let provenAtMs = options.clock.nowMs();',
    ),
    inEngine(
      'run/journal.ts',
      'isWithin(options.clock.monotonicMs() - provenAtMs,',
      'isWithin(options.clock.nowMs() - provenAtMs,',
    ),
    inEngine(
      'run/journal.ts',
      'sentAtMs: options.clock.monotonicMs() });',
      'sentAtMs: options.clock.nowMs() });',
    ),
    inEngine(
      'run/journal.ts',
      'proved: (sentAtMs) => {',
      'proved: () => {\n      const sentAtMs = options.clock.nowMs();',
    ),
  ],
  'claim-of-an-earlier-order': [
    inEngine(
      'log/mongodb/insert-sagas.ts',
      'if (owner === null || found.owner !== owner) return result;',
      'if (owner === null) return result;',
    ),
  ],
  'lock-broken-by-age': [
    inProduct(
      'infra/kernel-lock.ts',
      'if (!beginExclusive(database, path))',
      'if (!beginExclusive(database, path) && Date.now() - statSync(path).mtimeMs < 3_600_000)',
    ),
  ],
  'lock-freed-without-token': [
    inProduct(
      'infra/kernel-lock.ts',
      'if (isHeld()) rmSync(namePath, { force: true });',
      'rmSync(namePath, { force: true });',
    ),
    inProduct(
      'infra/kernel-lock.ts',
      'return held !== null && held.inode === inodeOf(path);',
      'return held !== null;',
    ),
  ],
  'pool-documents-without-revision': [
    inProduct(
      'pool-state/mongodb/pool-documents-commit.ts',
      "const filter = { _id: STATE_ID, status: 'active', revision: base.revision } as const;",
      "const filter = { _id: STATE_ID, status: 'active' } as const;",
    ),
  ],
  'room-without-waiting': [
    inEngine(
      'operate/preempt.ts',
      'notBeforeMs: untilMs > deps.clock.nowMs() ? untilMs : null',
      'notBeforeMs: null',
    ),
  ],
  'tombstone-of-the-id': [
    inProduct(
      'deletion/finish-tombstone.ts',
      "  if (reading.status !== 'present') return 'nobody';",
      "  if (reading !== null) return 'nobody';",
    ),
  ],
  'tombstone-of-the-place': [
    inProduct(
      'pool-state/owned-entry.ts',
      'return Date.parse(mapping.createdAt) > Date.parse(since);',
      'return false;',
    ),
  ],
  'proof-without-a-majority': [
    inEngine(
      'log/mongodb/prove-claims.ts',
      "const CONFIRMED = { w: 'majority', wtimeoutMS: CONFIRMED_WITHIN_MS } as const;",
      'const CONFIRMED = { w: 1 } as const;',
    ),
  ],
  'forward-after-an-undo': [
    inEngine('machine/orders.ts', '    phase: stuckFrom,\n', "    phase: 'running',\n"),
    inEngine(
      'machine/orders.ts',
      "  if (stuckFrom === 'compensating') {",
      '  if (stuckFrom === null) {',
    ),
  ],
  'pivot-without-its-intent': [
    inEngine(
      'run/journal.ts',
      'if (isStepDone && mayWait && !mustLandFirst(change) && !takesWayBack(change)) {',
      'if (before.pivotBegun !== after.pivotBegun || (isStepDone && mayWait && !mustLandFirst(change) && !takesWayBack(change))) {',
    ),
  ],
  'cancel-by-read-then-write': [
    inEngine(
      'log/mongodb/commit-writes.ts',
      '{ _id: base.id, epoch: base.epoch, writeId: base.writeId },',
      '{ _id: base.id },',
    ),
  ],
  'write-conditional-on-a-count': [
    inEngine(
      'log/mongodb/commit-writes.ts',
      'const filter = { _id: sagaId, epoch, owner, writeId: base.writeId };',
      'const filter = { _id: sagaId, epoch, owner, revision: base.revision };',
    ),
  ],
  'cancel-of-a-stop-that-removes': [
    inEngine(
      'operate/request-cancel.ts',
      'if (!canUndo(registered.definition, saga.state)) {',
      'if (canUndo === undefined) {',
    ),
  ],
  'enqueued-and-not-inserted': [
    inEngine('log/mongodb/insert-sagas.ts', '    await inTime(\n', '    void inTime(\n'),
  ],
  'job-trusted': [
    inEngine(
      'queue/bullmq-wake-ups.ts',
      '  switch (await job.getState()) {',
      "  if (job !== null) return 'waiting';\n  switch (await job.getState()) {",
    ),
  ],
  'key-by-a-read-before-the-write': [
    inEngine('log/mongodb/saga-log-indexes.ts', '    unique: true,\n', ''),
  ],
  'index-checked-by-its-name': [
    inProduct(
      'main/migration/ensure-indexes.ts',
      "if (wrong === undefined && hasRight) return report('present');",
      "if (found.some(({ name }) => name === index.name)) return report('present');",
    ),
  ],
  'child-of-a-fresh-id': [
    inProduct('sync/repair-drift.ts', 'sagas.start({ ...order, id })', 'sagas.start(order)'),
  ],
  'outcome-reported-by-every-worker': [
    inProduct(
      'health/restart-bot.ts',
      'events.add([{ id: jobId,',
      "events.add([{ id: [jobId, type].join('/'),",
    ),
  ],
  'fence-error-as-an-outage': [
    inEngine('run/runner.ts', 'if (!isHopeless(error)) {', 'if (error !== null) {'),
  ],
  'accepted-cancel-forgotten': [
    inEngine(
      'machine/forward.ts',
      '      if (mustCompensate(failed)) return compensate(shape, failed, CANCELLED);\n      return markStuck(failed, failure);',
      '      return markStuck(failed, failure);',
    ),
  ],
  'hold-that-fences-nobody': [
    inEngine(
      'operate/operators.ts',
      "const fences = order.verb === 'hold';",
      'const fences = false;',
    ),
  ],
  'outage-that-was-no-attempt': [
    inEngine('run/step-call.ts', ' || error !== null || value !== null;', ';'),
  ],
  'one-list-for-all-attempts': [
    inProduct('sync/sync-all.ts', "[call.sagaId, randomUUID()].join('/')", 'call.sagaId'),
  ],
  'shown-before-durable': [
    inEngine(
      'run/journal.ts',
      '      view = { ...view, state: after };\n',
      '      view = { ...view, state: after };\n      options.onTransition({ before, after: view, event });\n',
    ),
  ],
  'shown-from-the-primary-alone': [
    inEngine(
      'log/mongodb/saga-queries.ts',
      'sagas.find({ _id: { $in: [...new Set(ids)] } }, COMMITTED).toArray(),',
      'sagas.find({ _id: { $in: [...new Set(ids)] } }).toArray(),',
    ),
  ],
  'lease-that-never-expires': [
    inEngine(
      'log/mongodb/mongo-leader-leases.ts',
      "isOver('$until', '$ttlMs')",
      "{ $eq: [{ $type: '$owner' }, 'missing'] }",
    ),
  ],
  'lease-by-the-local-clock': [
    inEngine(
      'log/mongodb/claim-sagas.ts',
      "return { leaseUntil: { $add: ['$$NOW', leaseMs] }, leaseMs };",
      'return { leaseUntil: new Date(Date.now() + 3_600_000 + leaseMs), leaseMs };',
    ),
  ],
  'first-lease-without-an-end': [
    inEngine(
      'log/mongodb/insert-sagas.ts',
      '  const { owner, leaseMs } = claim;\n',
      '  const { owner } = claim;\n  const leaseMs = 1e9 * claim.leaseMs;\n',
    ),
  ],
  'slots-without-shares': [
    inEngine(
      'run/shares.ts',
      'const hasRoom = (key: string, free: number) => (running.get(key) ?? 0) < OF_FREE * free;',
      'const hasRoom = (_: string, free: number) => free > 0;',
    ),
  ],
  'socket-to-the-old-primary': [
    inEngine('queue/connections.ts', '    reconnectOnError: needsNewSocket,\n', ''),
  ],
  'keys-without-an-installation': [
    inProduct('main/installation.ts', 'return { id: found.id,', "return { id: '000000000000',"),
  ],
  'renewal-that-waits-for-one-that-hangs': [
    inEngine('run/lease-keeper.ts', 'underWay.size >= MAX_HANGING', 'underWay.size >= 1'),
  ],
  'balance-added-in-doubles': [
    inProduct(
      'wallet/mongodb/settle-update.ts',
      "{ $toDouble: { $add: [{ $toDecimal: before }, '$$amount'] } },",
      "{ $round: [{ $add: [before, { $toDouble: '$$amount' }] }, 2] },",
    ),
  ],
  'port-of-a-lost-row': [
    inProduct(
      'provisioning/pool-occupants.ts',
      'pools.map(async (pool) => ({ pool, answer: await bots.listPool(pool, call) })),',
      "pools.map(async (pool) => ({ pool, answer: { status: 'ok', items: [], observedAt: new Date() } })),",
    ),
  ],
  'audit-that-repairs': { without: 'the audit has no port that writes a wallet' },
  'checkpoint-without-its-revision': [
    inProduct(
      'wallet/audit/mongodb/audit-checkpoints.ts',
      'const filter = { _id: userId, revision };',
      'const filter = { _id: userId };',
    ),
  ],
  'entries-made-again-every-time': [
    inProduct(
      'pool-state/rebuild-entry.ts',
      "    return { status: 'rebuilt', state };",
      "    return { status: 'rebuilt', state: { ...state } };",
    ),
  ],
  'repair-acknowledged-unwritten': [
    inProduct(
      'pool-state/file/pool-file-commit.ts',
      'const result = await replaceFile(deps, base, bytes);',
      "const result = { status: 'replaced', stamp: base.stamp } as Awaited<ReturnType<typeof replaceFile>>;",
    ),
  ],
  'port-made-up': [
    inProduct('sync/repair-entries.ts', '  const { port } = reading;', '  const port = 9_001;'),
  ],
};

/** Bugs that no twin has: each passed the whole suite once, or is none that breaks an invariant. */
const OF_SURVIVORS: Readonly<Record<string, readonly Edit[]>> = {
  'begun-here-although-paused': [
    inEngine('run/local-runs.ts', 'isDraining || !isOpen() ?', 'isDraining ?'),
  ],
  'begun-here-beyond-the-slots': [
    inEngine('run/slots.ts', 'if (free <= 0 || waiting.size > 0) return false;', ''),
  ],
  'begun-here-beyond-the-share': [
    inEngine(
      'run/shares.ts',
      '(parked.has(key) || !hasRoom(key, slots - taken))',
      '!hasRoom(key, 1e9)',
    ),
  ],
  'not-handed-on-by-a-worker-that-stops': [
    inEngine(
      'run/local-runs.ts',
      'if (mustBeWoken(outcome)) await wake(saga)',
      'if (mustBeWoken(outcome) && !isDraining) await wake(saga)',
    ),
  ],
  'claims-written-with-w1': [
    inEngine(
      'log/mongodb/claim-sagas.ts',
      '{ ordered: false, writeConcern: MAJORITY }',
      '{ ordered: false, writeConcern: { w: 1 } }',
    ),
  ],
  'pool-file-not-synced': [
    inProduct(
      'pool-state/file/pool-file-replacement.ts',
      '    await keepOwnerAndMode(await ownerOf(base.handle), handle);\n    await handle.writeFile(bytes);\n    await handle.sync();\n',
      '    await keepOwnerAndMode(await ownerOf(base.handle), handle);\n    await handle.writeFile(bytes);\n',
    ),
  ],
  'ledger-op-id-not-unique': [
    inProduct(
      'wallet/mongodb/indexes.ts',
      'key: { opId: 1 }, unique: true }',
      'key: { opId: 1 } }',
    ),
  ],
  'ended-saga-expires-at-once': [
    inEngine(
      'log/mongodb/commit-writes.ts',
      'finishedAt.getTime() + retentionMs',
      'finishedAt.getTime()',
    ),
  ],
  'end-of-the-pivot-on-the-primary-alone': [
    inEngine(
      'run/journal.ts',
      'return endsPivot || mustLandFirst(change);',
      'return mustLandFirst(change);',
    ),
  ],
  'lease-keeper-that-renews-nothing': [
    inEngine('run/lease-keeper.ts', '.renew([...held], leaseMs)', '.renew([], leaseMs)'),
  ],
  'database-clock-never-read-again': [
    inEngine('mongodb/database-clock.ts', '  readings.start();\n', ''),
  ],
  'other-holders-unknown-as-nobody': [
    inProduct(
      'wallet/mongodb/wallets.ts',
      'otherHolders: (userId, instanceId) => findOtherHolders(db, userId, instanceId),',
      'otherHolders: (userId, instanceId) => findOtherHolders(db, userId, instanceId).catch(() => []),',
    ),
  ],
  'held-slots-unknown-as-none': [
    inProduct(
      'provisioning/steps/assign-slot.ts',
      'return ports.tombstones.heldSlots(contextOf(call).input.userId);',
      'return ports.tombstones.heldSlots(contextOf(call).input.userId).catch(() => []);',
    ),
  ],
  'opening-counted-through-a-double': [
    inProduct(
      'wallet/mongodb/wallet-readings.ts',
      "opening: '$ledgerState.opening',",
      "opening: { $toDouble: '$ledgerState.opening' },",
    ),
  ],
  'funds-compared-as-doubles': [
    inProduct(
      'wallet/mongodb/reserve-updates.ts',
      '{ $gte: [{ $toDecimal: BALANCE }, amount] }',
      '{ $gte: [BALANCE, { $toDouble: amount }] }',
    ),
  ],
  'tokens-of-any-algorithm': [
    inProduct('infra/identities/local-tokens.ts', '          algorithms: [ALGORITHM],\n', ''),
  ],
  'tombstones-that-expire-when-ended': [
    inProduct('wallet/mongodb/indexes.ts', 'key: { withdrawnAt: 1 },', 'key: { endedAt: 1 },'),
  ],
};

export const MUTATIONS: readonly Mutation[] = [
  ...Object.entries(OF_TWINS).flatMap(([name, edits]) =>
    'without' in edits ? [] : [{ name, edits }],
  ),
  ...Object.entries(OF_SURVIVORS).map(([name, edits]) => ({ name, edits })),
];

/** Twins that no mutation stands for, with the reason. */
export const UNMUTATED: readonly { readonly name: string; readonly why: string }[] = Object.entries(
  OF_TWINS,
).flatMap(([name, edits]) => ('without' in edits ? [{ name, why: edits.without }] : []));

/** @throws where the text does not stand in the file exactly once. */
export function mutate(content: string, { file, find, put }: Edit): string {
  const parts = content.split(find);
  if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times: ${find}`);
  return parts.join(put);
}
