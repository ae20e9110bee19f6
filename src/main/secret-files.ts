// Secrets that come as files, as Docker and systemd hand them over: `NAME_FILE` names the file that holds `NAME`. An
// environment is read by too many (child processes, crash reports, `docker inspect`) to be the only way.

import { readFileSync } from 'node:fs';
import type { ConfigProblem, Environment } from './config.ts';

const SECRETS: readonly string[] = [
  'MONGODB_URI',
  'REDIS_URL',
  'SESSION_SECRET',
  'METRICS_TOKEN',
  'PLATFORM_JWT_SECRET',
  'PLATFORM_TOKEN',
  'BOT_API_PASSWORD',
];

/** The environment with what stands in the files. A file that cannot be read is a problem, and never the fallback. */
export function withSecretFiles(env: Environment, problems: ConfigProblem[]): Environment {
  const read: Record<string, string> = {};
  for (const name of SECRETS) {
    const variable = `${name}_FILE`;
    const path = env[variable] ?? '';
    if (path === '') continue;
    if ((env[name] ?? '') !== '') {
      problems.push({ variable, found: 'a value', expected: `unset where ${name} is set` });
      continue;
    }
    try {
      read[name] = readFileSync(path, 'utf8').trim();
    } catch (error) {
      const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
      problems.push({ variable, found: `${path} (${why})`, expected: 'a file that can be read' });
      continue;
    }
    if (read[name] === '')
      problems.push({ variable, found: 'an empty file', expected: 'a secret' });
  }
  return { ...env, ...read };
}
