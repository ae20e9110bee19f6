// Certificates for a Docker daemon behind TLS and for those who may talk to it, as Docker's documentation makes them:
// an authority, the daemon's certificate, and a client's in a folder of its own.

import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aptInstall, onPath } from './apt.ts';

const run = promisify(execFile);

export interface TestCertificates {
  /** dockerd's options. */
  readonly daemonArgs: readonly string[];
  /** A folder for DOCKER_CERT_PATH. */
  readonly clientFolder: string;
}

/** For a daemon on 127.0.0.1; valid for a day. */
export async function makeCertificates(folder: string): Promise<TestCertificates> {
  if ((await onPath('openssl')) === undefined) {
    await aptInstall(['openssl'], () => undefined, AbortSignal.timeout(120_000));
  }
  const at = (name: string) => join(folder, name);
  await mkdir(at('client'), { recursive: true });
  const authority = ['-x509', '-days', '1', '-subj', '/CN=Test authority'];
  await openssl('req', ...NEW_KEY, at('ca-key.pem'), '-out', at('ca.pem'), ...authority);
  await sign(folder, 'server', 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth');
  await sign(folder, 'client', 'extendedKeyUsage=clientAuth');
  await Promise.all([
    copyFile(at('ca.pem'), at('client/ca.pem')),
    copyFile(at('client-cert.pem'), at('client/cert.pem')),
    copyFile(at('client-key.pem'), at('client/key.pem')),
  ]);
  const daemonArgs = [
    ...['--tlsverify', '--tlscacert', at('ca.pem')],
    ...['--tlscert', at('server-cert.pem'), '--tlskey', at('server-key.pem')],
  ];
  return { daemonArgs, clientFolder: at('client') };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout'];

async function sign(folder: string, name: string, extensions: string): Promise<void> {
  const at = (file: string) => join(folder, `${name}-${file}`);
  await writeFile(at('ext.cnf'), extensions);
  await openssl('req', ...NEW_KEY, at('key.pem'), '-out', at('csr.pem'), '-subj', `/CN=${name}`);
  await openssl(
    ...['x509', '-req', '-days', '1', '-in', at('csr.pem'), '-out', at('cert.pem')],
    ...['-CA', join(folder, 'ca.pem'), '-CAkey', join(folder, 'ca-key.pem'), '-CAcreateserial'],
    ...['-extfile', at('ext.cnf')],
  );
}

async function openssl(...args: string[]): Promise<void> {
  await run('openssl', args, { timeout: 30_000 });
}
