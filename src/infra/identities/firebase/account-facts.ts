// What Google knows of an account that a token cannot hold: whether it is disabled or gone, since when its sessions
// count, and whether it is still an administrator's. One answer serves all of an account's requests for a while,
// so that Google is asked once a minute for each account in use, and not once for each request.

export type AccountFacts =
  | { readonly status: 'gone' }
  | {
      readonly status: 'known';
      readonly isDisabled: boolean;
      readonly isAdmin: boolean;
      /** Sessions that began before are revoked; ms, null where none ever was. */
      readonly validFromMs: number | null;
    };

export interface AccountFactsOptions {
  /** @throws where Google gives no answer: nothing is kept of that. */
  readonly lookUp: (uid: string) => Promise<AccountFacts>;
  readonly nowMs: () => number;
}

/** How long a revocation may go unnoticed. */
const MAX_AGE_MS = 60_000;
/** Accounts kept; the one used longest ago is dropped first. */
const MAX_ACCOUNTS = 10_000;

interface Kept {
  readonly answer: Promise<AccountFacts>;
  readonly untilMs: number;
}

export function createAccountFacts({
  lookUp,
  nowMs,
}: AccountFactsOptions): (uid: string) => Promise<AccountFacts> {
  const kept = new Map<string, Kept>();
  return (uid) => {
    const known = kept.get(uid);
    // Counted from the question: an answer that was long on its way is no younger for it.
    if (known !== undefined && nowMs() < known.untilMs) return known.answer;
    kept.delete(uid);
    const asked: Kept = { answer: lookUp(uid), untilMs: nowMs() + MAX_AGE_MS };
    kept.set(uid, asked);
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_ACCOUNTS) break;
      kept.delete(oldest);
    }
    asked.answer.catch(() => {
      if (kept.get(uid) === asked) kept.delete(uid);
    });
    return asked.answer;
  };
}
