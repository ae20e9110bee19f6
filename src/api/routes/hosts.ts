// An administrator's confirmation that a Docker host which holds nothing is meant to hold nothing.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ReasonSchema } from '@reclaim/saga/fastify';
import { Type } from 'typebox';
import type { ConfirmOutcome } from '../../bots/hosts/confirm-host.ts';
import { assertNever } from '../../domain/assert-never.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ProblemError } from '../problem.ts';
import { adminOf, auditName } from '../viewer.ts';

export function createHostRoutes({
  confirmHost,
}: Pick<ApiDependencies, 'confirmHost'>): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post('/admin/hosts/:name/confirm', { schema: CONFIRM }, async (request) => {
      const { firebaseUid, isAdmin } = adminOf(request);
      const { name: host } = request.params;
      const { reason, gone: isGone } = request.body;
      const by = auditName(firebaseUid, isAdmin);
      const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
      const outcome = await confirmHost.confirm(host, { by, reason, isGone }, { signal });
      const confirmed = confirmedView(host, outcome);
      request.log.info(
        { host, by, goneAt: confirmed.goneAt },
        'host confirmed to be empty or gone',
      );
      return { success: true as const, host, ...confirmed };
    });
  };
}

/** A host that takes longer to answer one question is not one to be trusted. */
const ASK_TIMEOUT_MS = 10_000;

function confirmedView(host: string, outcome: ConfirmOutcome) {
  switch (outcome.status) {
    case 'confirmed': {
      const { confirmedEmptyAt, confirmedBy } = outcome.record;
      return { confirmedEmptyAt, confirmedBy, goneAt: null };
    }
    case 'gone': {
      const { at: goneAt, by: confirmedBy } = outcome.decision;
      return { confirmedEmptyAt: null, confirmedBy, goneAt };
    }
    case 'no-such-host':
      throw new ProblemError(
        'host-not-found',
        `DOCKER_HOSTS names no host "${host}", and nothing is remembered of one.`,
        {
          members: { hosts: outcome.hosts },
        },
      );
    case 'listed':
      throw new ProblemError('host-listed', 'DOCKER_HOSTS names it: take it out everywhere first.');
    case 'not-listed':
      throw new ProblemError(
        'host-not-listed',
        'DOCKER_HOSTS does not name it any more, so it cannot be asked; decide that it is gone, or name it again.',
      );
    case 'not-empty':
      throw new ProblemError('host-not-empty', 'It holds containers of the platform.');
    case 'unknown':
      throw new ProblemError('host-unknown', 'The host does not answer; nothing is confirmed.', {
        headers: { 'retry-after': '5' },
        members: { reason: outcome.reason },
      });
    default:
      return assertNever(outcome);
  }
}

const HostParamsSchema = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 256, description: 'As in DOCKER_HOSTS.' }),
});

const ConfirmHostSchema = Type.Object(
  {
    reason: ReasonSchema,
    gone: Type.Optional(
      Type.Boolean({
        description:
          'Of a host that DOCKER_HOSTS does not name any more: not that it is empty, but that it is gone for good.',
      }),
    ),
  },
  { additionalProperties: false },
);

const ConfirmedHostSchema = Type.Object({
  success: Type.Literal(true),
  host: Type.String(),
  confirmedEmptyAt: Type.Union([Type.String(), Type.Null()], {
    description:
      'Null when a bot was observed on it in the same moment, and of a host that is gone.',
  }),
  goneAt: Type.Union([Type.String(), Type.Null()], {
    description:
      'Of a host that DOCKER_HOSTS does not name any more: since when it counts as gone for good.',
  }),
  confirmedBy: Type.Union([Type.String(), Type.Null()]),
});

const CONFIRM = {
  operationId: 'confirmHost',
  summary: 'Confirm that a Docker host is meant to be empty',
  description:
    'A host without containers counts as unknown while bots are known to have been there. 409 where it holds any; 503 where it does not answer. A host that DOCKER_HOSTS does not name any more cannot be asked: of it, and with `gone` alone, this is the decision that it is gone for good, with all that it held; it ends when the host is named again.',
  tags: ['admin'],
  params: HostParamsSchema,
  body: ConfirmHostSchema,
  response: { 200: ConfirmedHostSchema },
};
