// Runs the synchronisations: of one user, and of everybody.

import { runWorkerProcess } from '../src/main/worker-process.ts';

await runWorkerProcess(['sync']);
