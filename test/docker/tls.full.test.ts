// A Docker host behind TLS that asks for a client's certificate: reached with it, unknown without (I4).

import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readCertificates } from '../../src/bots/docker/certificates.ts';
import { createDockerBots } from '../../src/bots/docker/docker-bots.ts';
import type { DockerEndpoint } from '../../src/bots/docker/docker-client.ts';
import { call, queryFor } from '../contracts/bots.ts';
import { makeCertificates } from '../support/certificates.ts';
import { createTestFolder } from '../support/folder.ts';
import { describeOwnDocker } from '../support/own-docker.ts';
import { startSecondDocker } from '../support/second-docker.ts';

function botsAt(options: DockerEndpoint) {
  const bots = createDockerBots({ hosts: [{ name: 'remote', options }], now: () => new Date() });
  onTestFinished(() => bots.close());
  return bots;
}

describeOwnDocker('a Docker host behind TLS', () => {
  it('with its certificates it answers; without, or with another authority’s, it is unknown', async () => {
    const { address, certPath } = await startSecondDocker();
    const at = { host: '127.0.0.1', port: Number(new URL(address).port) };
    const own = await readCertificates(certPath, 'remote');
    const { clientFolder } = await makeCertificates(await createTestFolder());
    const foreign = await readCertificates(clientFolder, 'remote');
    const statusWith = async (options: DockerEndpoint) =>
      (await botsAt(options).locate(queryFor('u'), call())).status;

    expect(await statusWith({ ...at, protocol: 'https', ...own })).toBe('ok');
    expect(await statusWith({ ...at, protocol: 'https', ...foreign })).toBe('unknown');
    // The right authority and a client it does not know; then no TLS at all.
    expect(await statusWith({ ...at, protocol: 'https', ...foreign, ca: own.ca })).toBe('unknown');
    expect(await statusWith(at)).toBe('unknown');
  });
});

it('a folder named like the host holds its certificates; a missing file is named', async () => {
  const { clientFolder } = await makeCertificates(await createTestFolder());
  const shared = await readCertificates(clientFolder, 'remote');
  await mkdir(join(clientFolder, 'remote'));
  await expect(readCertificates(clientFolder, 'remote')).rejects.toThrow(
    /remote\/\w+\.pem .*ENOENT/,
  );
  for (const name of ['ca.pem', 'cert.pem', 'key.pem']) {
    await rename(join(clientFolder, name), join(clientFolder, 'remote', name));
  }
  expect(await readCertificates(clientFolder, 'remote')).toEqual(shared);
  await expect(readCertificates(clientFolder, 'other')).rejects.toThrow(
    /ca\.pem|cert\.pem|key\.pem/,
  );
});
