// Wakes sagas whose wake-ups were lost. Every process of `all.ts` has one too; one at a time is elected.

import { runWorkerProcess } from '../src/main/worker-process.ts';

await runWorkerProcess(['relay']);
