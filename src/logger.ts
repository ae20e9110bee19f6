// The log of a process: one JSON object a line for machines, readable lines where a person watches.

import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export function createLogger(level: string): Logger {
  const options = { level, base: { pid: process.pid } };
  if (!process.stdout.isTTY) return pino(options);
  return pino(options, pretty({ sync: true, ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l' }));
}
