// Signing in: the administrator's cookie for the queue board, and the demo's users.

import { Type } from 'typebox';

export const BoardSessionSchema = Type.Object({ url: Type.String(), expiresAt: Type.String() });

export const DemoSessionBodySchema = Type.Object(
  { user: Type.String({ minLength: 1, maxLength: 128, description: 'A firebaseUid.' }) },
  { additionalProperties: false },
);

export const DemoSessionSchema = Type.Object({
  token: Type.String(),
  user: Type.String(),
  expiresAt: Type.String(),
});
