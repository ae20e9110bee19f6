// Errors decide what the engine does next; the class is the retry decision. Steps and adapters throw
// these; anything else that is thrown counts as RetryableError. `code` is UPPER_SNAKE and stable,
// because it is what a stuck saga shows and an alert matches. Messages are shown to operators: no
// secrets in them.

export interface SagaErrorOptions {
  readonly cause?: unknown;
  /** Facts for the operator, as plain JSON. */
  readonly context?: Readonly<Record<string, unknown>>;
}

export class SagaError extends Error {
  readonly code: string;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: SagaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.context = options.context ?? {};
  }
}

/** Trying again cannot help: compensate before the pivot, stuck after it. */
export class TerminalError extends SagaError {}

/** A person must decide: stuck in place, nothing is undone, unless a cancel was accepted before. */
export class HoldError extends SagaError {}

/** Did not happen; again later. Counts against the step's budget. */
export class RetryableError extends SagaError {
  readonly retryAfterMs: number | undefined;

  constructor(
    code: string,
    message: string,
    options: SagaErrorOptions & { readonly retryAfterMs?: number } = {},
  ) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A dependency is away (refused connection, open circuit): it did not happen and burns no budget;
 * deadlines still hold. */
export class UnavailableError extends RetryableError {}

/** It may have happened or not: observe first, then decide. Timeouts of the runner count as this. */
export class InDoubtError extends SagaError {}

/** Another worker owns the saga now: stop at once, change nothing (I5). */
export class FencedError extends SagaError {
  constructor(sagaId: string, epoch: number) {
    super('FENCED', `saga ${sagaId} is no longer run under epoch ${epoch}`);
  }
}

/** The worker is stopping or lost its lock: what was under way is left to the next claim to observe. */
export class InterruptedError extends Error {}

/** A page's cursor that no page returned. It comes from outside, so its reader refuses it with this error, and the API answers
 * 400 instead of 500. */
export class BadCursorError extends Error {
  constructor(options?: { readonly cause?: unknown }) {
    super('the cursor does not come from a page before', options);
    this.name = 'BadCursorError';
  }
}
