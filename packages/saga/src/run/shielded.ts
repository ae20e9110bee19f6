// Calls a function of the program that only hears of something: whatever becomes of it, the engine goes on.

/** @param hear may be asynchronous whatever its type says: a promise that nobody awaits would end the process when it
 * rejects.
 * @param failed gets what it threw or rejected with; must not throw. */
export function shielded<Args extends readonly unknown[]>(
  hear: (...args: Args) => unknown,
  failed: (error: unknown) => void,
): (...args: Args) => void {
  return (...args) => {
    try {
      const answer = hear(...args);
      if (answer !== undefined) Promise.resolve(answer).catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}
