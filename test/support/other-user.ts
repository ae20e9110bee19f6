// A test as another user of the system than root, where it runs as root.

import { onTestFinished } from 'vitest';

export const isRoot = process.getuid?.() === 0;

/** The rest of the test, or until the next call, as another user, who has no capabilities. */
export function become(uid: number, gid: number): void {
  const { setegid, seteuid, setgroups } = process;
  if (!setegid || !seteuid || !setgroups) throw new Error('no users on this system');
  const back = () => {
    seteuid(0);
    setegid(0);
    setgroups([0]);
  };
  back();
  onTestFinished(back);
  setgroups([gid]);
  setegid(gid);
  seteuid(uid);
}
