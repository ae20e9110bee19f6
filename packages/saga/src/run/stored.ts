// The way of typed values into the log and back. What a step captured is read weeks later, perhaps by a
// newer program: it is checked against its schema then, and a value that does not fit stops the saga for a
// person instead of moving money by a misread document.

import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { HoldError } from '../errors.ts';
import type { Json } from '../json.ts';

export interface Stored<T> {
  write(value: T): Json;
  /** @throws HoldError LOG_UNREADABLE for anything the schema does not know, null and missing included. */
  read(json: Json | null | undefined): T;
  /** Null and missing stay null. @throws HoldError LOG_UNREADABLE. */
  readOrNull(json: Json | null | undefined): T | null;
  /** Null too for what the schema does not know: for records of ended sagas that are only evidence beside others. */
  peek(json: Json | null | undefined): T | null;
}

/** What the schema describes, as a step captures or returns it: nothing of it is changed once it is stored. */
export type StoredOf<Schema extends TSchema> = Immutable<Static<Schema>>;

type Immutable<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : { readonly [Key in keyof T]: Immutable<T[Key]> };

/** The casts below are the only place where a type is taken on trust: the first form derives it from the schema, in the
 * second the schema must describe T. */
export function stored<Schema extends TSchema>(
  name: string,
  schema: Schema,
): Stored<StoredOf<Schema>>;
export function stored<T>(name: string, schema: TSchema): Stored<T>;
export function stored<T>(name: string, schema: TSchema): Stored<T> {
  const validator = compiled(schema);
  function read(json: Json | null | undefined): T {
    if (!validator.Check(json)) {
      throw new HoldError('LOG_UNREADABLE', `the log holds no readable ${name}`);
    }
    return json as T;
  }
  return {
    write: (value) => value as Json,
    read,
    peek: (json) => (validator.Check(json) ? (json as T) : null),
    readOrNull: (json) => (json === null || json === undefined ? null : read(json)),
  };
}

type Validator = ReturnType<typeof Compile>;

/** Compiling takes milliseconds, and a definition is made anew for every run of its tests: each schema is compiled once. */
const VALIDATORS = new WeakMap<TSchema, Validator>();

function compiled(schema: TSchema): Validator {
  const known = VALIDATORS.get(schema);
  if (known !== undefined) return known;
  const validator = Compile(schema);
  VALIDATORS.set(schema, validator);
  return validator;
}
