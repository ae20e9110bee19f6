// What can be foreseen to stop a start is a sentence with what to do, never a stack. Everything else is a fault of
// the program, and keeps its stack.

import { TerminalError } from '@reclaim/saga';
import { MongoServerError } from 'mongodb';
import { ConfigError } from './config.ts';
import { MissingRightError } from './migration/migration.ts';
import { printThrown } from './terminal.ts';

/** A fault that a person can repair; its message is the sentence. */
export class StartError extends Error {}

/** @returns undefined where it was not foreseen. */
function sentenceFor(error: unknown): string | undefined {
  if (error instanceof ConfigError || error instanceof StartError) return error.message;
  // The engine's: trying again cannot help.
  if (error instanceof MissingRightError || error instanceof TerminalError) return error.message;
  if (isRefusedByMongodb(error)) {
    return `MongoDB refuses what MONGODB_URI names: ${error.message}`;
  }
  return isFault(error) ? sentenceForFile(error) : undefined;
}

/** At the terminal: the sentence, or the whole fault. */
export function reportFault(error: unknown): void {
  const sentence = sentenceFor(error);
  if (sentence === undefined) printThrown(error);
  else printThrown(new StartError(sentence), true);
}

/** Wrong password, no such right, no such mechanism. */
const REFUSALS: ReadonlySet<unknown> = new Set([13, 18, 8000]);

function isRefusedByMongodb(error: unknown): error is Error {
  return error instanceof MongoServerError && REFUSALS.has(error.code);
}

interface Fault extends Error {
  readonly code: string;
  readonly path?: string;
  readonly syscall?: string;
}

function isFault(error: unknown): error is Fault {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

function sentenceForFile({ code, path, message }: Fault): string | undefined {
  const problem = FILE_PROBLEMS.get(code);
  if (problem === undefined || path === undefined) return undefined;
  return `${path} ${problem} (${message})`;
}

const FILE_PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'is not open to this user: change its owner, or set DATA_DIR to another folder'],
  ['EPERM', 'is not open to this user: change its owner, or set DATA_DIR to another folder'],
  ['EROFS', 'lies on a file system that cannot be written: set DATA_DIR to another folder'],
  ['ENOSPC', 'does not fit: the file system is full'],
  ['EDQUOT', 'does not fit: the quota is used up'],
  ['ENOTDIR', 'lies below something that is no folder: set DATA_DIR to another'],
  ['EEXIST', 'is no folder: set DATA_DIR to another'],
  ['ENOENT', 'is not there and cannot be made'],
]);
