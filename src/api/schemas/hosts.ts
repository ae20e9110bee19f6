// An administrator's word that a Docker host is empty.

import { ReasonSchema } from '@reclaim/saga/fastify';
import { Type } from 'typebox';

export const HostParamsSchema = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 256, description: 'As in DOCKER_HOSTS.' }),
});

export const ConfirmHostSchema = Type.Object(
  { reason: ReasonSchema },
  { additionalProperties: false },
);

export const ConfirmedHostSchema = Type.Object({
  success: Type.Literal(true),
  host: Type.String(),
  confirmedEmptyAt: Type.Union([Type.String(), Type.Null()], {
    description: 'Null when a bot was observed on it in the same moment.',
  }),
  confirmedBy: Type.Union([Type.String(), Type.Null()]),
});
