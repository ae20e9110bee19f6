// What a skipped block lacks, at the end of its title, where the closing line finds it again.

/** What the set-up provides, or finds missing. */
export type Need = 'Docker' | 'browser';

export function titleLacking(title: string, need: Need, reason: string): string {
  return `${title} [needs ${need}: ${reason}]`;
}

/** What a test's full name says it lacks; null for one that lacks nothing. */
export function lackIn(name: string): { readonly need: string; readonly reason: string } | null {
  const [, need, reason] = /\[needs (\w+): ([^\]]*)\]/.exec(name) ?? [];
  return need === undefined || reason === undefined ? null : { need, reason };
}
