// Follows a request through this process, and on to what it orders. A span holds a request's method and its route
// pattern, never its address, which names a user and a bot.

export interface RequestSpans {
  /** Continues the caller's trace where the headers name one (W3C trace context). */
  open(request: TracedRequest): RequestSpan;
}

export interface TracedRequest {
  readonly method: string;
  /** The pattern, e.g. `/api/freqtrade/bots/:instanceId`. */
  readonly route: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface RequestSpan {
  /** What begins inside belongs to the request. */
  within<T>(work: () => T): T;
  end(statusCode: number): void;
}
