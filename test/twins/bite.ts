// Plays twins. A twin is a mechanism of this program with one bug seeded into it; one that is played gets it through a port
// or a definition. Each scenario is played twice: with the mechanism itself the oracle must find nothing, with the twin the
// same oracle must find the breach. So every oracle here is one that can fail.

import { expect, it } from 'vitest';
import { type PlayedName, TWINS } from './twins.ts';

/** Which of the two the scenario is played with. */
export type Part = 'real' | 'twin';

/** What the oracle found broken, in words; none: the invariant held. */
export type Breaches = readonly string[];

export type Scenario = (part: Part) => Promise<Breaches>;

/** One that the list names as played and nobody plays does not compile. */
export function playTwins(scenarios: Readonly<Record<PlayedName, Scenario>>): void {
  const listed = TWINS.filter(({ isPlayed }) => isPlayed);
  const played = new Map<string, Scenario>(Object.entries(scenarios));
  const caught: string[] = [];
  for (const { name, bug, breach } of listed) {
    it(`${bug}: ${breach}`, async () => {
      const scenario = played.get(name);
      if (scenario === undefined) throw new Error(`nobody plays the twin ${name}`);
      expect(await scenario('real'), 'with the mechanism itself').toEqual([]);
      expect(await scenario('twin'), 'with its twin').toContain(breach);
      caught.push(name);
    });
  }
  it('every twin that is to be played has run, and was caught', () => {
    expect(caught).toEqual(listed.map(({ name }) => name));
  });
}

/** The breaches whose condition holds. */
export function breaches(found: Readonly<Record<string, boolean>>): Breaches {
  return Object.entries(found).flatMap(([breach, isBroken]) => (isBroken ? [breach] : []));
}
