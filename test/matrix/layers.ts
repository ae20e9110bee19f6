// The layers of the tests, by which a kill matrix is run piece by piece: what a file reaches and where it stands says
// which servers it needs and how long it takes.

export const LAYERS = [
  'unit',
  'contracts',
  'integration',
  'e2e',
  'platform',
  'faults',
  'twins',
  'docker',
  'browser',
] as const;

export type Layer = (typeof LAYERS)[number];

/** @param reached all that the test file imports. A suite of a contract counts as such wherever a test calls it, but
 * for those that need Docker. */
export function layerOf(file: string, reached: ReadonlySet<string>): Layer {
  const [, folder] = /test\/([a-z0-9]+)\//.exec(file) ?? [];
  const layer = LAYERS.find((one) => one === folder);
  if (layer === undefined) throw new Error(`${file} is in no layer`);
  const callsContract = [...reached].some((one) => /(?:^|\/)test\/contracts\//.test(one));
  return layer === 'integration' && callsContract ? 'contracts' : layer;
}
