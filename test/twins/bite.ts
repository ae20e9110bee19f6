// Runs twins. A twin is a mechanism of this program with one bug seeded into it, put in through its port or its
// definition. Each scenario is played twice: with the mechanism itself the oracle must find nothing, with the twin the
// same oracle must find the breach. So every oracle here is one that can fail.

import { expect, it } from 'vitest';
import type { Invariant } from './twin-facts.ts';
import { TWINS } from './twins.ts';

/** Which of the two the scenario is played with. */
export type Part = 'real' | 'twin';

/** What the oracle found broken, in words; none: the invariant held. */
export type Breaches = readonly string[];

export type Scenario = (part: Part) => Promise<Breaches>;

type NamesOf<I extends Invariant> = Extract<(typeof TWINS)[number], { invariant: I }>['name'];

/** All twins of one invariant; one that the list names and nobody plays does not compile. */
export function twinsOf<I extends Invariant>(
  invariant: I,
  scenarios: Readonly<Record<NamesOf<I>, Scenario>>,
): void {
  const listed = TWINS.filter((twin) => twin.invariant === invariant);
  const played = new Map<string, Scenario>(Object.entries(scenarios));
  const caught: string[] = [];
  for (const { name, title, breach } of listed) {
    it(title, async () => {
      const scenario = played.get(name);
      if (scenario === undefined) throw new Error(`nobody plays the twin ${name}`);
      expect(await scenario('real'), 'with the mechanism itself').toEqual([]);
      expect(await scenario('twin'), 'with its twin').toContain(breach);
      caught.push(name);
    });
  }
  it(`${invariant}: every twin that is listed has run, and was caught`, () => {
    expect(caught).toEqual(listed.map(({ name }) => name));
  });
}

/** The breaches whose condition holds. */
export function breaches(found: Readonly<Record<string, boolean>>): Breaches {
  return Object.entries(found).flatMap(([breach, isBroken]) => (isBroken ? [breach] : []));
}
