// What a primary that cannot reach its majority answers to every call that needs one.

import { UnavailableError } from '../../errors.ts';

export class CutOffError extends UnavailableError {
  constructor(what: string) {
    super('CUT_OFF', `${what}: no majority`);
  }
}
