// Whether a bot is nowhere, asked of the pool state and of Docker at this moment. I4: three answers; what could
// not be asked is unknown and never absent.

import type { FirebaseUid, InstanceId, UserId } from '../domain/ids.ts';

export interface Absence {
  check(bot: AbsentBot, call: { readonly signal: AbortSignal }): Promise<AbsenceAnswer>;
}

export interface AbsentBot {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  readonly instanceId: InstanceId;
}

export type AbsenceAnswer =
  | { readonly status: 'absent' }
  /** `where` names the source and the container or pool. */
  | { readonly status: 'present'; readonly where: string }
  | { readonly status: 'unknown'; readonly reason: string };
