// What an Idempotency-Key stands for. The key is bound to a saga's id before there is a saga: whoever comes
// with the same key, at the same time or after a crash, begins that one saga or finds it (I8).

import type { SagaId, UserId } from '../../domain/ids.ts';

export interface RequestKeys {
  /** Binds the key of this user, if it is new, and says what it is bound to. Forgotten after 48 hours. */
  bind(binding: RequestBinding): Promise<BoundRequest>;
}

export interface RequestBinding {
  readonly userId: UserId;
  /** As the client sent it. */
  readonly key: string;
  /** The request's content: the same for the same request only. */
  readonly fingerprint: string;
  /** Taken where the key is new. */
  readonly sagaId: SagaId;
}

export type BoundRequest =
  | { readonly status: 'bound'; readonly sagaId: SagaId }
  /** The key was used for another request. */
  | { readonly status: 'other-request' };
