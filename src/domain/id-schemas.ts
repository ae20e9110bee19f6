// The ids as parts of a stored document: read from a log, they are held to the rules that they were held to at the edge.

import { type TSchema, Type } from 'typebox';
import {
  type FirebaseUid,
  type InstanceId,
  parseFirebaseUid,
  parseInstanceId,
  parseUserId,
  type UserId,
} from './ids.ts';

export const USER_ID = Type.Unsafe<UserId>(textOf(parseUserId));
export const FIREBASE_UID = Type.Unsafe<FirebaseUid>(textOf(parseFirebaseUid));
export const INSTANCE_ID = Type.Unsafe<InstanceId>(textOf(parseInstanceId));

function textOf(parse: (text: unknown) => string | undefined): TSchema {
  return Type.Refine(Type.String(), (text) => parse(text) !== undefined);
}
