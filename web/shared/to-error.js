// Any thrown value, as an error with a message that can be shown.

/** @param {unknown} thrown */
export function toError(thrown) {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
