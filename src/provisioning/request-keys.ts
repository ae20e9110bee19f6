// What an Idempotency-Key stands for. The key is bound to a saga's id before there is a saga: whoever comes
// with the same key, at the same time or after a crash, begins that one saga or finds it (I8).

import type { SagaId } from '@reclaim/saga';
import type { UserId } from '../domain/ids.ts';

export interface RequestKeys {
  /** Binds the request's name, if it is new, and says what it is bound to. Forgotten after 48 hours: by then the saga
   * that it is bound to is found by that name, for as long as it is kept. */
  bind(binding: RequestBinding): Promise<BoundRequest>;
}

export interface RequestBinding {
  readonly userId: UserId;
  /** `requestName`. */
  readonly name: string;
  /** The request's content: the same for the same request only. */
  readonly fingerprint: string;
  /** Taken where the name is new. */
  readonly sagaId: SagaId;
}

export type BoundRequest =
  | {
      readonly status: 'bound';
      readonly sagaId: SagaId;
      /** Whether its saga, where there is none, can never have begun: no saga is forgotten within this time. Else it may
       * have begun, ended and been forgotten. */
      readonly isYoung: boolean;
    }
  /** The key was used for another request. */
  | { readonly status: 'other-request' };
