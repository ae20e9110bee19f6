// Every kind of worker in one process; run it on as many machines as needed.

import { runWorkerProcess } from '../src/main/worker-process.ts';

await runWorkerProcess(['deletion', 'sync', 'health', 'relay']);
