// The process behind MongoDB's own download: `node download-mongod.ts VERSION FOLDER` prints the path
// of the program. It first checks whether the server answers at all, because the downloader itself
// only finds out after many seconds.

import { MongoBinary } from 'mongodb-memory-server-core';
import { MongoBinaryDownloadUrl } from 'mongodb-memory-server-core/lib/util/MongoBinaryDownloadUrl.js';

const [version = '', downloadDir = ''] = process.argv.slice(2);
const url = await new MongoBinaryDownloadUrl({
  version,
  platform: process.platform,
  arch: process.arch,
}).getDownloadUrl();
const hasProxy = process.env.HTTPS_PROXY !== undefined || process.env.https_proxy !== undefined;
if (!hasProxy) {
  const answer = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(5_000) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
}
const path = await MongoBinary.getPath({ version, downloadDir, checkMD5: true });
process.stdout.write(`${path}\n`);
