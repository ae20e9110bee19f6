// Looks after pools and bots, and restarts what has failed.

import { runWorkerProcess } from '../src/main/worker-process.ts';

await runWorkerProcess(['health']);
