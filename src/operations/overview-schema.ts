// What an operator sees first: the numbers and sources that stand on top of the operations page.

import { type Static, Type } from 'typebox';
import { FINDING_KINDS } from '../findings/findings.ts';

export type LockedMoney = Static<typeof MoneySchema>;
const MoneySchema = Type.Object({
  minor: Type.Integer({ description: 'Cents.' }),
  isWhole: Type.Boolean({
    description: 'False: at least that much; there are too many to add up.',
  }),
});

export type Figures = Static<typeof FiguresSchema>;
const FiguresSchema = Type.Object({
  open: Type.Array(
    Type.Object({
      kind: Type.String(),
      state: Type.String(),
      count: Type.Integer(),
      inDoubt: Type.Integer({
        description: 'Of these, waiting to learn what became of an effect.',
      }),
      oldestSeconds: Type.Number(),
    }),
    { description: 'Sagas that have not ended, by kind and state.' },
  ),
  stuck: Type.Integer(),
  underWay: Type.Integer({ description: 'Queued, running and compensating.' }),
  stuckMoney: MoneySchema,
  underWayMoney: MoneySchema,
  tombstones: Type.Integer({
    description: 'Bots that were paid back and are not yet observed gone.',
  }),
  findings: Type.Integer({ description: 'Findings that are not resolved.' }),
  findingKinds: Type.Array(
    Type.Object({ kind: Type.Enum([...FINDING_KINDS]), count: Type.Integer() }),
  ),
});

const TEXT_OR_NULL = Type.Union([Type.String(), Type.Null()]);

export type SourceView = Static<typeof SourceSchema>;
const SourceSchema = Type.Object({
  name: Type.String({
    description: 'mongodb, redis, workers, pool-state, or the host as in DOCKER_HOSTS.',
  }),
  kind: Type.Enum(['mongodb', 'redis', 'workers', 'pool-state', 'docker']),
  status: Type.Enum(['ok', 'down', 'unlisted', 'gone'], {
    description:
      'unlisted: a Docker host that DOCKER_HOSTS does not name any more, and where bots are remembered. gone: one of them that an administrator has decided to be gone for good; the reason says who, when and why.',
  }),
  reason: TEXT_OR_NULL,
  tookMs: Type.Union([Type.Integer(), Type.Null()], {
    description: 'How long it took to answer, or to be given up, just now.',
  }),
  lastAnswerAt: Type.Union([Type.String(), Type.Null()], {
    description: 'Of Docker hosts: the last answer that this process had of it.',
  }),
  toConfirm: Type.Union([Type.String(), Type.Null()], {
    description:
      'Why an administrator must confirm that the host is empty; of an unlisted one, that it is gone for good.',
  }),
});

export type OverviewView = Static<typeof OverviewSchema>;
export const OverviewSchema = Type.Object({
  at: Type.String(),
  figures: Type.Union([FiguresSchema, Type.Null()], {
    description: 'Null where MongoDB does not answer: unknown is not zero.',
  }),
  reason: Type.Union([Type.String(), Type.Null()], { description: 'Why there are no figures.' }),
  sources: Type.Array(SourceSchema),
});
