// Writes docs/guarantees.md anew from the list of twins.

import { writeFile } from 'node:fs/promises';
import { MEASURED } from '../test/twins/measured.ts';
import { PAGE, renderGuarantees } from '../test/twins/render-guarantees.ts';
import { TWINS } from '../test/twins/twins.ts';

await writeFile(new URL(`../${PAGE}`, import.meta.url), renderGuarantees(TWINS, MEASURED));
process.stdout.write(`${PAGE}: ${TWINS.length} buggy twins\n`);
