// The log of a process: one JSON object a line for machines, readable lines where a person watches. Every line of every
// part goes through one list of what may be logged, its message too.

import { redact } from '@reclaim/saga';
import {
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  type Logger,
  type LoggerOptions,
  pino,
} from 'pino';
import pretty from 'pino-pretty';
import { messageOfThrown } from './log-error.ts';
import { toLoggedFields } from './log-fields.ts';

const MESSAGE_CHARS = 1_000;

/** @param destination instead of standard output. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: { pid: process.pid },
    formatters: { log: toLoggedFields },
    // What `formatters.log` makes of an error, a request and a reply is what is logged of them.
    serializers: { err: asItIs, req: asItIs, res: asItIs },
    hooks: {
      logMethod(args, method) {
        method.apply(this, withSafeMessage(args) as Parameters<typeof method>);
      },
    },
  };
  return withSafeBindings(open(options, destination));
}

function open(options: LoggerOptions, destination?: DestinationStream): Logger {
  if (destination !== undefined) return pino(options, destination);
  if (!process.stdout.isTTY) return pino(options);
  return pino(options, pretty({ sync: true, ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l' }));
}

// Pino gives the bindings of a child to no formatter. Children inherit from their parent, and this with it.
function withSafeBindings(log: Logger): Logger {
  const child = log.child;
  return Object.assign(log, {
    child(this: Logger, bindings: Bindings, options?: ChildLoggerOptions) {
      return Reflect.apply(child, this, [toLoggedFields(bindings), options]);
    },
  });
}

function asItIs(value: unknown): unknown {
  return value;
}

// Where no message is given, pino takes the error's own.
function withSafeMessage(args: readonly unknown[]): unknown[] {
  const [first, ...rest] = args;
  if (typeof first === 'string') return [redact(first, MESSAGE_CHARS), ...rest.map(safePart)];
  const error: unknown = first instanceof Error ? first : Reflect.get(Object(first), 'err');
  const fields = first instanceof Error ? { err: first } : first;
  if (rest.length > 0) return [fields, ...rest.map(safePart)];
  return error instanceof Error ? [fields, messageOfThrown(error)] : [fields];
}

/** A message, or a value for its format. */
function safePart(part: unknown): unknown {
  if (typeof part === 'string') return redact(part, MESSAGE_CHARS);
  if (part === undefined || typeof part === 'number') return part;
  return part instanceof Error ? messageOfThrown(part) : toLoggedFields({ part });
}
