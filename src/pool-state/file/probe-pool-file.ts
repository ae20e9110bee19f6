// Whether the pool state file could be replaced, checked at the start: a fault of its folder is reported before the
// first deletion meets it. Changes nothing.

import { randomUUID } from 'node:crypto';
import { link, open, realpath, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SagaError } from '@reclaim/saga';
import { keepOwnerAndMode, ownerOf } from './keep-owner.ts';
import { errnoOf } from './pool-file-errors.ts';
import { openForReading } from './pool-file-reader.ts';

/** Why it could not, and what to do, for a person; null where it could, or where there is no file. */
export async function probePoolFile(configured: string): Promise<string | null> {
  const file = await realpath(configured).catch(() => null);
  if (file === null) return null;
  const probe = `${file}.probe-${randomUUID()}`;
  return (await whyNoOther(file, probe)) ?? (await whyNoRename(file, probe));
}

async function whyNoOther(file: string, probe: string): Promise<string | null> {
  try {
    const from = await openForReading(file);
    try {
      const to = await open(probe, 'wx', 0o600);
      try {
        await keepOwnerAndMode(await ownerOf(from), to);
        return null;
      } finally {
        await to.close();
        await unlink(probe);
      }
    } finally {
      await from.close();
    }
  } catch (err) {
    if (err instanceof SagaError) return err.message;
    return `no file can be made beside it in ${dirname(file)} (${errnoOf(err) || String(err)})`;
  }
}

// A second name cannot be given across mounts: a file that is mounted singly shows itself by that.
async function whyNoRename(file: string, probe: string): Promise<string | null> {
  try {
    await link(file, probe);
    await unlink(probe);
    return null;
  } catch (err) {
    if (errnoOf(err) !== 'EXDEV') return null;
    return 'it is mounted by itself, and such a file cannot be replaced: mount its folder instead';
  }
}
