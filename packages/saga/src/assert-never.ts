// Ends every switch over a discriminated union: a variant added later is a compile error here,
// and a value from outside that no type allowed for is an exception instead of a silent default.

export function assertNever(value: never): never {
  throw new Error(`unexpected variant: ${JSON.stringify(value)}`);
}
