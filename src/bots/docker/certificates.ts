// The client certificates that a Docker daemon behind TLS asks for, in the files that Docker's own command line
// reads: ca.pem, cert.pem and key.pem. A folder named like the host, if there is one, holds that host's.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface ClientCertificates {
  /** The authority that must have signed the daemon's certificate. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** @throws Error naming the file that cannot be read, when `folder` or the host's own lacks one of the three. Never
 * with what is in it. */
export async function readCertificates(folder: string, host: string): Promise<ClientCertificates> {
  const own = join(folder, host);
  const from = (await isFolder(own)) ? own : folder;
  const [ca, cert, key] = await Promise.all([
    read(from, 'ca.pem'),
    read(from, 'cert.pem'),
    read(from, 'key.pem'),
  ]);
  return { ca, cert, key };
}

async function read(folder: string, name: string): Promise<string> {
  const file = join(folder, name);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? error.code : 'an unknown error';
    throw new Error(`DOCKER_CERT_PATH: ${file} cannot be read (${why})`);
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
