// The folder of supervisord's conf files in a pool container. In a container that runs it is read and changed
// through a shell; what stands in its files, and all of one that does not run, is read through the archive call, which
// needs nothing inside and costs the daemon ten times as much. A folder that is missing or cannot be read is in doubt, never empty (I4).

import { InDoubtError } from '@reclaim/saga';
import type { BotsCall, FencedCall } from '../bots.ts';
import { type ConfFile, longestStop, readDefinitions } from '../supervisor/parse-conf.ts';
import { confPaths } from '../supervisor/program-names.ts';
import { readArchivedFolder } from './archived-folder.ts';
import type { Deadlines } from './deadlines.ts';
import type { HostCalls } from './host-calls.ts';
import type { Shell } from './shell.ts';

/** Where supervisord looks for its own configuration, and Debian's for more; groups are put together there. */
const IMAGE_FOLDERS = ['/etc/supervisor', '/etc/supervisor/conf.d'];
const IMAGE_FILE = '/etc/supervisord.conf';

export function createConfFolder(
  host: HostCalls,
  shell: Shell,
  folder: string,
  deadlines: Deadlines,
) {
  const exec = (containerId: string, argv: readonly string[], call: FencedCall) =>
    shell.change(containerId, argv, 'CONF_FILE', call);
  return {
    /** The file names in it, of a container that runs. @throws InDoubtError when the folder is missing. */
    list: (containerId: string, call: BotsCall): Promise<ReadonlySet<string>> =>
      listRunning(shell, containerId, folder, call),
    /** What supervisord reads: all files in it, and the image's own configuration where it stands in one of
     * supervisord's usual places. Of any container. @throws InDoubtError when the folder is missing. */
    read: async (containerId: string, call: BotsCall): Promise<readonly ConfFile[]> => {
      const read = (path: string) =>
        readArchivedFolder(host, { containerId, path, deadlineMs: deadlines.readMs }, call);
      const [own, ...images] = await Promise.all(
        // The dot makes Docker follow a link and refuse a file.
        [`${folder}/.`, ...IMAGE_FOLDERS.map((path) => `${path}/.`), IMAGE_FILE].map(read),
      );
      if (own === null || own === undefined) {
        const message = `no folder ${folder} in container ${containerId.slice(0, 12)}`;
        throw new InDoubtError('CONF_FOLDER_MISSING', message);
      }
      const isRead = ({ name }: { readonly name: string }) => name.endsWith('.conf');
      return [
        ...own.map((file) => ({ ...file, isOfBots: true })),
        ...images
          .flatMap((files) => files ?? [])
          .filter(isRead)
          .map((file) => ({ ...file, isOfBots: false })),
      ];
    },
    /** The longest `stopwaitsecs` in the bot's conf file, of a container that runs; undefined where none is to be found. */
    readStopSeconds: async (
      containerId: string,
      instanceId: string,
      state: 'present' | 'aside',
      call: BotsCall,
    ): Promise<number | undefined> => {
      const { conf, aside } = confPaths(folder, instanceId);
      const path = state === 'present' ? conf : aside;
      // Every line, and the last one ended, which `cat` leaves as it is.
      const { exitCode, output } = await shell.read(containerId, ['grep', '', '--', path], call);
      if (exitCode !== 0) return undefined;
      const file = { name: path.slice(folder.length + 1), isOfBots: true, text: output };
      return longestStop(readDefinitions([file]).programs);
    },
    /** Renames the bot's conf file so that supervisord's include pattern does not match it any more. */
    putAside: (containerId: string, instanceId: string, call: FencedCall): Promise<void> => {
      const { conf, aside } = confPaths(folder, instanceId);
      return exec(containerId, ['mv', '-f', '--', conf, aside], call);
    },
    putBack: (containerId: string, instanceId: string, call: FencedCall): Promise<void> => {
      const { conf, aside } = confPaths(folder, instanceId);
      return exec(containerId, ['mv', '-f', '--', aside, conf], call);
    },
    /** Removes both the conf file and the one put aside; their absence is success. */
    remove: (containerId: string, instanceId: string, call: FencedCall): Promise<void> => {
      const { conf, aside } = confPaths(folder, instanceId);
      return exec(containerId, ['rm', '-f', '--', conf, aside], call);
    },
  };
}

async function listRunning(
  shell: Shell,
  containerId: string,
  folder: string,
  call: BotsCall,
): Promise<ReadonlySet<string>> {
  // The slash makes it follow a link and refuse a file; folders in it are shown with one.
  const { exitCode, output } = await shell.read(containerId, ['ls', '-1Ap', `${folder}/`], call);
  if (exitCode === 0) {
    return new Set(output.split('\n').filter((name) => name !== '' && !name.endsWith('/')));
  }
  const message = `${folder} in container ${containerId.slice(0, 12)}: ${output.slice(0, 200)}`;
  throw new InDoubtError('CONF_FOLDER_MISSING', message);
}
