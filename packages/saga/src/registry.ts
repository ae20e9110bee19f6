// The definitions this process can run, by name and version. In-flight sagas are pinned to the version they
// began with: a worker that lacks it leaves them alone, so old and new workers can run side by side.

import type { SagaDefinition } from './definition.ts';
import { type SagaShape, shapeOf } from './machine/shape.ts';

export interface RegisteredSaga {
  readonly definition: SagaDefinition;
  readonly shape: SagaShape;
}

export interface Registry {
  /** `<name>@<version>` of all of them. */
  readonly runnable: readonly string[];
  find(name: string, version: number): RegisteredSaga | undefined;
  /** The version that new sagas begin with. @throws RangeError for a name that is not registered. */
  newest(name: string): RegisteredSaga;
  /** The queue that sagas of this name run on. Of a name that only another release knows, it is the first one here. */
  queueOf(name: string): string;
  /** Of all definitions. */
  readonly queues: readonly string[];
  /** What of `runnable` is taken from these queues. */
  runnableOn(queues: readonly string[]): readonly string[];
  /** All of them, every version. */
  readonly definitions: readonly SagaDefinition[];
}

/** Where sagas run whose definition names no queue. */
const DEFAULT_QUEUE = 'sagas';

/** @throws Error for a bad shape, or the same name and version twice. */
export function createRegistry(given: readonly SagaDefinition[]): Registry {
  const byId = new Map<string, RegisteredSaga>();
  const newestByName = new Map<string, RegisteredSaga>();
  for (const definition of given) {
    const id = pinnedId(definition.name, definition.version);
    if (byId.has(id)) throw new Error(`saga ${id} is registered twice`);
    const registered = { definition, shape: shapeOf(definition) };
    byId.set(id, registered);
    const newest = newestByName.get(definition.name);
    if (newest === undefined || newest.definition.version < definition.version) {
      newestByName.set(definition.name, registered);
    }
  }
  const named = [...newestByName.values()].map(({ definition }) => definition.queue);
  const queues = [...new Set(named.map((queue = DEFAULT_QUEUE) => queue))];
  const queueOf = (name: string) => {
    const known = newestByName.get(name);
    return (known === undefined ? queues[0] : known.definition.queue) ?? DEFAULT_QUEUE;
  };
  return {
    queueOf,
    definitions: given,
    runnableOn: (queues) =>
      given
        .filter(({ name }) => queues.includes(queueOf(name)))
        .map(({ name, version }) => pinnedId(name, version)),
    queues,
    runnable: [...byId.keys()],
    find: (name, version) => byId.get(pinnedId(name, version)),
    newest: (name) => {
      const newest = newestByName.get(name);
      if (newest === undefined) throw new RangeError(`no saga is named ${name}`);
      return newest;
    },
  };
}

export function pinnedId(name: string, version: number): string {
  return `${name}@${version}`;
}
