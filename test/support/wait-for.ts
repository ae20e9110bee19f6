// Waiting for a condition, never for an amount of time: a test that sleeps is slow on a fast machine and
// flaky on a slow one.

/** Runs on seeded bugs set less: there a wait in vain is what a test is for. */
const LIMIT_MS = Number(process.env.RECLAIM_TEST_WAIT_MS ?? 60_000);

/** Polls until `probe` gives something other than undefined or false, and returns it.
 * @throws after `timeoutMs`, naming what was waited for. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = LIMIT_MS,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
