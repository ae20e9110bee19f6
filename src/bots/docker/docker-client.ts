// One connection pool per Docker host. The agent is ours, so that its sockets are bounded and can be
// closed, and every option that dockerode would otherwise take from DOCKER_HOST and its relatives is
// set here: a variable of the environment must not redirect a call meant for another host.

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import type Docker from 'dockerode';

/** A host as the configuration names it. The name is what observations and mappings carry. */
export interface DockerHost {
  readonly name: string;
  readonly options: DockerEndpoint;
}

export type DockerEndpoint =
  | { readonly socketPath: string }
  /** A daemon inside this program: the simulator's. */
  | { readonly client: DockerClient }
  | {
      readonly host: string;
      readonly port: number;
      readonly protocol?: 'http' | 'https';
      readonly ca?: string;
      readonly cert?: string;
      readonly key?: string;
    };

export interface DockerClient {
  readonly api: Docker;
  /** Closes every connection; calls under way fail. */
  readonly close: () => void;
}

/** What docker-modem would take from the environment. */
const UNSET = {
  host: undefined,
  socketPath: undefined,
  port: undefined,
  timeout: undefined,
  pathPrefix: undefined,
  username: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
};

/** More calls at once than this wait for a socket: a burst of sagas must not become as many
 * connections. */
const MAX_SOCKETS = 64;

export function createDockerClient(endpoint: DockerEndpoint): DockerClient {
  if ('client' in endpoint) return endpoint.client;
  const secure = 'host' in endpoint && endpoint.protocol === 'https';
  const bounded = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const agent = new (secure ? HttpsAgent : HttpAgent)(bounded);
  // docker-modem formats all options of every request for its debug log, read or not: an agent with many
  // sockets, above all TLS ones, would stop the event loop for seconds.
  Object.defineProperty(agent, inspect.custom, { value: () => 'Agent' });
  const options = { ...UNSET, protocol: 'http', ...endpoint, agent, headers: {} };
  // The types know neither `agent` nor explicit undefined; both are what docker-modem merges by.
  const api = new (loadDocker())(options as unknown as Docker.DockerOptions);
  return { api, close: () => agent.destroy() };
}

const require = createRequire(import.meta.url);

// With what it brings (grpc, ssh2) it weighs more than the simulator, which has no use for it, should pay.
function loadDocker(): typeof Docker {
  return require('dockerode');
}
