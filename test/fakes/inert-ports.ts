// Ports of definitions that are observed and never run.

/** Whatever is asked of it throws. */
export function inertPorts<Ports extends object>(): Ports {
  const refuse = () => {
    throw new Error('these ports are only there for the shape of a definition');
  };
  return new Proxy({}, { get: () => refuse }) as Ports;
}
