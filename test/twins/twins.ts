// All twins. docs/guarantees.md is written from this list; a twin that is listed and not played does not compile, and
// one that is played and not caught fails.

import { ACCEPTED_MEANS_DURABLE } from './facts/accepted-means-durable.ts';
import { ALL_OR_COMPENSATED } from './facts/all-or-compensated.ts';
import { CONSERVATION } from './facts/conservation.ts';
import { IDEMPOTENT_CONVERGENCE } from './facts/idempotent-convergence.ts';
import { LIVENESS } from './facts/liveness.ts';
import { MONEY_ONCE } from './facts/money-once.ts';
import { NO_ORPHAN } from './facts/no-orphan.ts';
import { NO_REFUND_WITHOUT_EVIDENCE } from './facts/no-refund-without-evidence.ts';
import { ONE_WRITER } from './facts/one-writer.ts';
import { POINT_OF_NO_RETURN } from './facts/point-of-no-return.ts';
import { SAME_REQUEST_SAME_SAGA } from './facts/same-request-same-saga.ts';
import { TRUTHFUL_STATUS } from './facts/truthful-status.ts';

export const TWINS = [
  ...ALL_OR_COMPENSATED,
  ...MONEY_ONCE,
  ...NO_ORPHAN,
  ...NO_REFUND_WITHOUT_EVIDENCE,
  ...ONE_WRITER,
  ...POINT_OF_NO_RETURN,
  ...ACCEPTED_MEANS_DURABLE,
  ...SAME_REQUEST_SAME_SAGA,
  ...TRUTHFUL_STATUS,
  ...LIVENESS,
  ...CONSERVATION,
  ...IDEMPOTENT_CONVERGENCE,
] as const;
