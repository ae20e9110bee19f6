// Containers whose name is not a bot's any more but still holds it: `0123456789ab_freqtrade-u-bot-1` is what a recreate
// that broke off leaves, `freqtrade-u-bot-1-old` what a person makes of it. Such a container may be the bot (I4).

/** The platform's form of a bot's id; two such ids are two bots, however one begins with the other. */
const PLATFORM_ID = /-bot-\d+$/;

/** Whether this name, which is not the bot's own, holds it as a whole word.
 * @param containerName without Docker's slash. */
export function mayBeRenamed(containerName: string, instanceId: string): boolean {
  const own = `freqtrade-${instanceId}`;
  const at = containerName.indexOf(own);
  if (at < 0 || containerName === own) return false;
  const before = containerName[at - 1] ?? '';
  const after = containerName[at + own.length] ?? '';
  if (/[A-Za-z0-9]/.test(before) || /[A-Za-z0-9]/.test(after)) return false;
  // What begins as the platform's names do is another bot's own name, unless only this one's has the platform's form.
  return at > 0 || (PLATFORM_ID.test(instanceId) && !PLATFORM_ID.test(containerName));
}

/** Whether such a container may be some bot; the platform's own names are of the one bot each. */
export function isOddName(containerName: string): boolean {
  const at = containerName.indexOf('freqtrade-');
  return at > 0 || (at === 0 && !PLATFORM_ID.test(containerName));
}

/** The pool whose name a container's name holds without being it. */
export function renamedPool(containerName: string): string | undefined {
  const [, held] =
    /[^A-Za-z0-9](freqtrade-pool-.+-pool-\d+)(?![A-Za-z0-9])/.exec(containerName) ?? [];
  return held;
}
