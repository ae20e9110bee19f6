// A user's bots with what each of the three sources says of them. I4: `unknown` is an answer of its
// own, so a page never shows "gone" where a host merely did not answer.

import { type Static, Type } from 'typebox';

const Absent = Type.Object({ status: Type.Literal('absent') });
const Unknown = Type.Object({ status: Type.Literal('unknown'), reason: Type.String() });

const AllocationStateSchema = Type.Union([
  Type.Object({
    status: Type.Literal('present'),
    allocatedAmount: Type.Unknown({ description: 'As it is stored: money, unless it is damaged.' }),
    currentValue: Type.Unknown({ description: 'As it is stored; null where it is missing.' }),
    allocatedAt: Type.Union([Type.String(), Type.Null()]),
    jobId: Type.Union([Type.String(), Type.Null()], { description: 'The job that holds it.' }),
  }),
  Absent,
]);

const PoolEntryStateSchema = Type.Union([
  Type.Object({
    status: Type.Literal('present'),
    poolId: Type.Union([Type.String(), Type.Null()]),
    botStatus: Type.Union([Type.String(), Type.Null()]),
  }),
  Absent,
  Unknown,
]);

const ContainerStateSchema = Type.Union([
  Type.Object({
    status: Type.Literal('present'),
    kind: Type.Union([Type.Literal('dedicated'), Type.Literal('pooled')]),
    host: Type.String(),
    containerName: Type.String(),
    running: Type.Boolean(),
  }),
  Absent,
  Unknown,
]);

export type BotView = Static<typeof BotViewSchema>;
const BotViewSchema = Type.Object({
  instanceId: Type.String(),
  botName: Type.Union([Type.String(), Type.Null()]),
  allocation: AllocationStateSchema,
  poolState: PoolEntryStateSchema,
  docker: ContainerStateSchema,
});

export const BotListSchema = Type.Object({ bots: Type.Array(BotViewSchema) });
