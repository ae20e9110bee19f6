// One container by its name. A listing finds it, because the filter of a name is a pattern and is compared again; an
// inspection says how it is.

import type { BotsCall } from '../bots.ts';
import { exactNameFilter } from './container-names.ts';
import type { ContainerView } from './container-view.ts';
import type { DockerServices } from './docker-services.ts';

/** Null: there is none of exactly this name. @throws SagaError when that cannot be established. */
export async function inspectNamed(
  { containers }: DockerServices,
  name: string,
  call: BotsCall,
): Promise<ContainerView | null> {
  const listed = await containers.list({ name: [exactNameFilter(name)] }, call);
  const found = listed.find(({ names }) => names.includes(name));
  return found === undefined ? null : containers.inspect(found.id, call);
}
