// What a step may capture or return, as a type: JSON, whether it is declared as a type or as an interface. A Date, a Map or
// anything with methods would come back from the log as something else, so the compiler refuses it.

import type { Json } from '../json.ts';

/** The bound of a type that must be stored: T fits it where the log gives T back unchanged. */
export type Storable<T> = { readonly [Key in keyof T]: T extends Scalar ? T[Key] : Part<T[Key]> };

/** A branded string or number is stored as what it is, and not taken apart. */
type Scalar = string | number;

/** What is Json already is not taken apart: Json contains itself. `unknown` is a field of a document of another program, which
 * is only given back: the log refuses what it cannot hold. */
type Part<T> = unknown extends T
  ? T
  : T extends Json | undefined
    ? T
    : T extends NotJson
      ? never
      : Storable<T>;

type NotJson = bigint | symbol | ((...args: never) => unknown);

/** Whether T can be nothing: a step that returns nothing has no result. */
export type IsEmpty<T> = Extract<T, Nothing> extends never ? false : true;
export type Something<T> = Exclude<T, Nothing>;
// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement returns void
type Nothing = null | undefined | void;
