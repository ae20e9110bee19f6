import { Type } from 'typebox';

export const LiveSchema = Type.Object({ status: Type.Literal('ok') });

export const ReadySchema = Type.Object({
  status: Type.Union([Type.Literal('ok'), Type.Literal('degraded')]),
  degraded: Type.Array(Type.String(), { description: 'Names of what cannot do its work.' }),
});
