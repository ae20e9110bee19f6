// What an administrator may decide about a finding, and what the decision does. I2: a resurrected allocation
// was paid before, so it is either taken away unpaid or made a new incarnation that is paid once; nothing else can
// be done with it, and neither while a saga holds the bot. The wallet is written first, by a write that may
// be repeated, and only then is the finding resolved, by a conditional one: of two administrators one
// decides, and what a crash in between leaves open can be decided again.

import type { SagaId, Sagas } from '@reclaim/saga';
import { assertNever } from '../domain/assert-never.ts';
import type { Incarnation } from '../domain/incarnation.ts';
import type { RecordedFinding, Resolution, ResolveAction } from '../findings/findings.ts';
import { isClosed } from '../wallet/closed-sagas.ts';
import { restoreOpId } from '../wallet/restorations.ts';
import type { ResurrectedResult, ResurrectedTarget } from '../wallet/wallets.ts';
import { botKey } from './bot-key.ts';
import type { DeletionPorts } from './steps/step-ports.ts';

export type ResolveFindings = ReturnType<typeof createResolveFindings>;

export type ResolveOutcome =
  | { readonly status: 'resolved'; readonly finding: RecordedFinding }
  /** Somebody decided first. */
  | { readonly status: 'resolved-before'; readonly finding: RecordedFinding }
  | { readonly status: 'not-found' }
  | { readonly status: 'not-allowed'; readonly allowed: readonly ResolveAction[] }
  | Refusal;

type Refusal =
  | { readonly status: 'held-by'; readonly sagaId: SagaId }
  /** There is nothing left to accept. */
  | { readonly status: 'allocation-gone' }
  /** It was accepted before, and may have been paid: it is not removed any more. */
  | { readonly status: 'accepted-before' }
  | { readonly status: 'not-settled' }
  /** The ledger does not prove that these receipts are missing, or there is no wallet to restore them to. */
  | { readonly status: 'not-undone'; readonly reason: string };

export interface ResolveFindingsOptions {
  readonly ports: Pick<DeletionPorts, 'findings' | 'wallets' | 'ledger' | 'findSagas'>;
  readonly sagas: Pick<Sagas, 'findByKey'>;
}

export function createResolveFindings(options: ResolveFindingsOptions) {
  const { findings } = options.ports;
  return {
    /** @throws UnavailableError or InDoubtError when it could not be carried out for certain: asking for the
     * same again is safe. */
    resolve: async (id: string, decision: Omit<Resolution, 'at'>): Promise<ResolveOutcome> => {
      const finding = await findings.find(id);
      if (finding === null) return { status: 'not-found' };
      if (finding.status === 'resolved') return { status: 'resolved-before', finding };
      const subject = resurrectedIn(finding);
      const allowed = actionsOf(finding);
      const { action } = decision;
      if (!allowed.includes(action)) return { status: 'not-allowed', allowed };
      if (action === 'restore') {
        const refusal = await restoreUndone(options, finding);
        if (refusal !== null) return refusal;
      }
      if (subject !== null && (action === 'remove' || action === 'accept-as-new')) {
        const refusal = await carryOut(options, subject, action);
        if (refusal !== null) return refusal;
      }
      const status = await findings.resolve(id, decision);
      const after = await findings.find(id);
      return status === 'not-found' || after === null
        ? { status: 'not-found' }
        : { status, finding: after };
    },
  };
}

/** The incarnation that was settled and came back. */
function resurrectedIn(finding: RecordedFinding): Incarnation | null {
  const { kind, userId, instanceId, discriminator: incarnationId } = finding;
  return kind === 'resurrected' && instanceId !== null
    ? { userId, instanceId, incarnationId }
    : null;
}

function actionsOf(finding: RecordedFinding): readonly ResolveAction[] {
  if (resurrectedIn(finding) !== null) return ['remove', 'accept-as-new'];
  return undoneIn(finding).length > 0 ? ['restore', 'acknowledge'] : ['acknowledge'];
}

/** The settlements that a stale save took back, as the audit has found them. */
function undoneIn({ kind, evidence }: RecordedFinding): readonly string[] {
  const { undone } = evidence;
  if (kind !== 'unrecorded-change' || !Array.isArray(undone)) return [];
  return undone.filter((opId) => typeof opId === 'string');
}

// The wallet first, then the ledger: both by one name, so that what a crash leaves open is done again once.
async function restoreUndone(
  { ports }: ResolveFindingsOptions,
  finding: RecordedFinding,
): Promise<Refusal | null> {
  const { id, userId } = finding;
  const order = { opId: restoreOpId(id), userId, undone: undoneIn(finding) };
  const result = await ports.wallets.restore(order);
  if (result.status !== 'restored') return { status: 'not-undone', reason: result.status };
  await ports.ledger.postRestoration(result.restoration);
  return null;
}

type WalletAction = Exclude<ResolveAction, 'acknowledge' | 'restore'>;

// A saga that begins after the first reading finds an incarnation that was settled, is gone, or is not the one it
// captured, and changes nothing of the wallet; one that has locked the allocation is met by the write.
async function carryOut(
  { ports, sagas }: ResolveFindingsOptions,
  incarnation: Incarnation,
  action: WalletAction,
): Promise<Refusal | null> {
  const [newest] = await sagas.findByKey(botKey(incarnation), 1);
  if (newest?.open === true) return { status: 'held-by', sagaId: newest.id };
  const change = (target: ResurrectedTarget) =>
    action === 'remove'
      ? ports.wallets.dropResurrected(target)
      : ports.wallets.acceptResurrected(target);
  let result = await change({ incarnation, mayTakeOver: [] });
  if (result.status === 'locked') {
    const { sagaId } = result;
    // A copy that was read under the lock brought the lock of the saga back that settled it.
    if (await isClosed(ports.findSagas, sagaId)) {
      result = await change({ incarnation, mayTakeOver: [sagaId] });
    }
  }
  return refusalOf(action, result);
}

function refusalOf(action: WalletAction, result: ResurrectedResult): Refusal | null {
  switch (result.status) {
    case 'gone':
      return action === 'remove' ? null : { status: 'allocation-gone' };
    case 'accepted':
      return action === 'accept-as-new' ? null : { status: 'accepted-before' };
    case 'locked':
      return { status: 'held-by', sagaId: result.sagaId };
    case 'not-settled':
      // It is payable as it stands, once: accepting it changes nothing, and taking it away would lose money.
      return action === 'accept-as-new' ? null : result;
    default:
      return assertNever(result);
  }
}
