// Runs deletions and finishes their tombstones.

import { runWorkerProcess } from '../src/main/worker-process.ts';

await runWorkerProcess(['deletion']);
