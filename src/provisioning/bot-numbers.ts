// The numbers of new bots, one sequence a user. A number is given out once, and never one that was in use before,
// whichever program made that bot: what is left of it (tombstones, ledger entries, data folders) goes by the same id.

import type { FirebaseUid, UserId } from '../domain/ids.ts';

export interface BotNumbers {
  /** The next number: above every one given out, above `above`, and above all that the user's allocations,
   * transactions, ledger entries and tombstones know. A call whose answer is lost costs a number. */
  next(owner: {
    readonly userId: UserId;
    readonly firebaseUid: FirebaseUid;
    /** The highest that the caller has seen elsewhere; 0 for none. */
    readonly above: number;
  }): Promise<number>;
}
