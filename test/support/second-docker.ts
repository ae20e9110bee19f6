// A second Docker daemon beside the run's, behind TLS on a port of the loopback: another host, as the application sees
// it.

import { anyFreePort } from '../../src/infra/embedded/ports.ts';
import { makeCertificates } from './certificates.ts';
import { createTestFolder } from './folder.ts';
import { type OwnDocker, startOwnDocker } from './own-docker.ts';

export interface SecondDocker extends OwnDocker {
  /** As DOCKER_HOSTS takes it. */
  readonly address: string;
  /** As DOCKER_CERT_PATH takes it. */
  readonly certPath: string;
}

/** Only in `describeOwnDocker`. */
export async function startSecondDocker(): Promise<SecondDocker> {
  const { daemonArgs, clientFolder } = await makeCertificates(await createTestFolder());
  const address = `tcp://127.0.0.1:${await anyFreePort()}`;
  const own = await startOwnDocker(['-H', address, ...daemonArgs]);
  return { ...own, address, certPath: clientFolder };
}
