// Signing in: how it is done here, the session of a page, and the demo's users.

import { type Static, Type } from 'typebox';

export type SessionView = Static<typeof SessionSchema>;
export const SessionSchema = Type.Object({
  user: Type.String({ description: 'The firebaseUid.' }),
  isAdmin: Type.Boolean(),
  hasAccount: Type.Boolean({ description: 'Whether the platform has a document of this user.' }),
  expiresAt: Type.String(),
  simulatesBots: Type.Boolean({ description: 'No container stands behind a bot.' }),
  provisionsBots: Type.Boolean({
    description: 'Whether new bots are started here: else `POST /provision` is refused.',
  }),
  syncOnOpen: Type.Boolean({
    description:
      'Whether a page searches for orphans when it is opened, unless its user has chosen otherwise.',
  }),
});

export type SignIn = Static<typeof SignInSchema>;
export const SignInSchema = Type.Union(
  [
    Type.Object({
      kind: Type.Literal('demo', { description: 'POST /demo/session with one of these.' }),
      users: Type.Array(Type.Object({ user: Type.String(), isAdmin: Type.Boolean() })),
    }),
    Type.Object({
      kind: Type.Literal('firebase'),
      apiKey: Type.String({ description: "The project's web key; public by its nature." }),
      projectId: Type.String(),
      emulator: Type.Union([Type.String(), Type.Null()], {
        description: '`http://host:port` of the Auth emulator.',
      }),
    }),
    Type.Object({
      kind: Type.Literal('token', { description: 'Only by a bearer token that one has.' }),
    }),
  ],
  { description: 'How a page signs a user in.' },
);

export const DemoSessionBodySchema = Type.Object(
  { user: Type.String({ minLength: 1, maxLength: 128, description: 'A firebaseUid.' }) },
  { additionalProperties: false },
);

export const DemoSessionSchema = Type.Object({
  token: Type.String(),
  user: Type.String(),
  expiresAt: Type.String(),
});
