// The caller of a request, and which sagas it sees. The engine knows no token and no account: the product names the caller,
// and every route checks what that caller may do. Another subject's job is answered word for word like one that never was.

import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { SagaRecord } from '../log/record.ts';
import { parseSagaId, type SagaId } from '../saga-id.ts';
import type { Sagas } from '../sagas.ts';
import type { JobParamsSchema } from './job-schemas.ts';
import { type Problem, problem } from './problem.ts';

export interface Caller {
  /** For the audit trail of cancels and orders. Waits and streams are counted by it. */
  readonly name: string;
  /** The `subject` of the caller's own sagas; null: the caller has none. */
  readonly subject: string | null;
  /** Sees the sagas of all subjects, and may order. */
  readonly isOperator: boolean;
  /** Event streams end then; left out: they do not end before their job. */
  readonly expiresAt?: Date;
}

/** What a route demands: its caller's own jobs, or an operator's rights. */
export type Role = 'caller' | 'operator';

/** Names the caller of a request. It refuses one by throwing an error that the error handler understands. A route for
 * operators checks `isOperator` in any case. */
export type Authorize<C extends Caller> = (request: FastifyRequest, role: Role) => C | Promise<C>;

export type JobParams = Static<typeof JobParamsSchema>;

export type Access<C extends Caller> = ReturnType<typeof createAccess<C>>;

export function createAccess<C extends Caller>(
  sagas: Pick<Sagas, 'find'>,
  authorize: Authorize<C>,
) {
  /** @throws Problem `operators-only` */
  async function callerOf(request: FastifyRequest, role: Role): Promise<C> {
    const caller = await authorize(request, role);
    if (role === 'operator' && !caller.isOperator) {
      throw problem('operators-only', 'Only an operator may do this.');
    }
    return caller;
  }
  return {
    callerOf,
    /** @throws Problem `invalid-request`, `job-not-found`, `operators-only` */
    sagaOf: async (
      request: FastifyRequest<{ Params: JobParams }>,
      role: Role,
    ): Promise<{ readonly caller: C; readonly saga: SagaRecord }> => {
      const id = parseSagaId(request.params.jobId);
      if (id === undefined) throw problem('invalid-request', 'This is not a job id.');
      const caller = await callerOf(request, role);
      const saga = await sagas.find(id);
      const isVisible = saga !== null && (caller.isOperator || saga.subject === caller.subject);
      if (!isVisible) throw jobNotFound(id);
      return { caller, saga };
    },
  };
}

export function jobNotFound(id: SagaId): Problem {
  return problem('job-not-found', `You have no job ${id}.`);
}
