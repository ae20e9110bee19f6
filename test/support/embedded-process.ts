// A process that embeds the servers and then does nothing, for tests that end it: `node
// embedded-process.ts DATA_DIR` prints the addresses as one line of JSON and runs until it is ended.

import { startEmbedded } from '../../src/infra/embedded/start-embedded.ts';

const [dataDir = ''] = process.argv.slice(2);
const { mongodbUri, redisUrl, stop } = await startEmbedded({ dataDir });
console.log(JSON.stringify({ mongodbUri, redisUrl }));
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
// As a crash in the application would: nothing is awaited.
process.once('SIGUSR2', () => process.exit(1));
