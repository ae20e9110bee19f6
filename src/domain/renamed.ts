// Containers whose name is not a bot's any more but still holds it: `0123456789ab_freqtrade-u-bot-1` is what a recreate
// that broke off leaves, `freqtrade-u-bot-1-old` what a person makes of it. Such a container may be the bot (I4).

/** Whether this name, which is not the bot's own, holds it as a whole word.
 * @param containerName without Docker's slash. */
export function mayBeRenamed(containerName: string, instanceId: string): boolean {
  const own = `freqtrade-${instanceId}`;
  const at = containerName.indexOf(own);
  if (at < 0 || containerName === own) return false;
  if (isWordLetter(containerName[at - 1]) || isWordLetter(containerName[at + own.length])) {
    return false;
  }
  // What begins as the platform's names do is another bot's own name, unless only this one's has the platform's form.
  return at > 0 || (endsAs(instanceId, '-bot-') && !endsAs(containerName, '-bot-'));
}

/** Whether such a container may be some bot; the platform's own names are of the one bot each. */
export function isOddName(containerName: string): boolean {
  const at = containerName.indexOf('freqtrade-');
  return at > 0 || (at === 0 && !endsAs(containerName, '-bot-'));
}

/** The pool whose name a container's name holds without being it. */
export function renamedPool(containerName: string): string | undefined {
  const at = containerName.indexOf('freqtrade-pool-');
  if (at <= 0 || isWordLetter(containerName[at - 1])) return undefined;
  const held = containerName.slice(at);
  const number = held.lastIndexOf('-pool-') + '-pool-'.length;
  const digits = /^\d{1,18}/.exec(held.slice(number))?.[0];
  if (digits === undefined || number <= 'freqtrade-pool-'.length) return undefined;
  return isWordLetter(held[number + digits.length])
    ? undefined
    : held.slice(0, number + digits.length);
}

/** Whether it ends as the platform's ids do, `-bot-7`: two such are two bots, however one begins with the other. */
function endsAs(name: string, word: string): boolean {
  const at = name.lastIndexOf(word);
  return at > 0 && /^\d{1,18}$/.test(name.slice(at + word.length));
}

function isWordLetter(letter: string | undefined): boolean {
  return letter !== undefined && /[A-Za-z0-9]/.test(letter);
}
