// Runs deletions and finishes their tombstones.

import { runWorkerProcess } from '../src/worker-process.ts';

await runWorkerProcess(['deletion']);
