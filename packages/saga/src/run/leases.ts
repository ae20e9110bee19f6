// The claims this process holds, kept alive for as long as their sagas run. For liveness only (I5): a
// lease that is lost all the same is noticed by the next write.

import type { Claim } from '../log/saga-log.ts';

export interface Leases {
  hold(claim: Claim): void;
  drop(claim: Claim): void;
}
