// A deadline of our own on calls that have none: a Docker daemon that dies in mid-answer leaves
// dockerode's promise pending for ever.

/** @throws when `promise` has not settled after `timeoutMs`, naming `what` was waited for. */
export async function withDeadline<T>(
  promise: Promise<T>,
  timeoutMs: number,
  what: string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer in ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
