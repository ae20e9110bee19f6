// The Docker hosts that bots may live on, as `DOCKER_HOSTS` lists them. A host's name is part of what is
// stored (a bot's mapping and its observations name it), so it does not depend on the position in the list.

export interface DockerHost {
  readonly name: string;
  readonly options:
    | { readonly socketPath: string }
    | { readonly host: string; readonly port: number };
}

export const LOCAL_DOCKER: DockerHost = {
  name: 'local',
  options: { socketPath: '/var/run/docker.sock' },
};

const DOCKER_PORT = 2_375;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** `[name=]unix:///path` or `[name=]tcp://host[:port]`, comma-separated.
 * @returns undefined when an entry is none of these, or when two have the same name. */
export function parseDockerHosts(text: string): readonly DockerHost[] | undefined {
  const hosts: DockerHost[] = [];
  for (const entry of text.split(',')) {
    const host = parseDockerHost(entry.trim());
    if (host === undefined || hosts.some(({ name }) => name === host.name)) return undefined;
    hosts.push(host);
  }
  return hosts;
}

function parseDockerHost(entry: string): DockerHost | undefined {
  const [, given, kind, rest] = /^(?:([^=/]+)=)?(unix|tcp):\/\/(\S+)$/.exec(entry) ?? [];
  if (rest === undefined) return undefined;
  const host = kind === 'unix' ? parseUnix(rest) : parseTcp(rest);
  if (host === undefined) return undefined;
  const named = given === undefined ? host : { ...host, name: given };
  return NAME.test(named.name) ? named : undefined;
}

function parseUnix(socketPath: string): DockerHost | undefined {
  if (!socketPath.startsWith('/')) return undefined;
  if (socketPath === '/var/run/docker.sock') return LOCAL_DOCKER;
  const name = socketPath.slice(1).replaceAll(/[^A-Za-z0-9_.-]+/g, '-');
  return { name, options: { socketPath } };
}

function parseTcp(address: string): DockerHost | undefined {
  const [, hostname, digits] =
    /^([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?$/.exec(address) ?? [];
  const port = digits === undefined ? DOCKER_PORT : Number(digits);
  if (hostname === undefined || port < 1 || port > 65_535) return undefined;
  const host = hostname.replaceAll(/[[\]]/g, '');
  return { name: `${host.replaceAll(':', '-')}-${port}`, options: { host, port } };
}
