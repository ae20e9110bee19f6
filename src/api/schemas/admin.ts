// What every decision of an administrator carries.

import { Type } from 'typebox';

/** Something readable: a reason of white space is none. */
export const AdminReasonSchema = Type.String({
  minLength: 1,
  maxLength: 500,
  pattern: '\\S',
  description: 'Why; it stays in the audit trail beside your name.',
});
