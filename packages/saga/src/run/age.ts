// How old something may be to stand for asking again. The age is a difference of two readings of one clock, and every
// clock but a monotonic one can be set back in between: an age below zero proves nothing, so it never counts as young.

/** Whether the age is zero or more, and less than the limit. Of no number it is not. */
export function isWithin(ageMs: number, limitMs: number): boolean {
  return ageMs >= 0 && ageMs < limitMs;
}
