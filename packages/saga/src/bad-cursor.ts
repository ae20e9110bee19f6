// A page's cursor that no page returned. It comes from outside, so its reader refuses it with
// this error, and the API answers 400 instead of 500.

export class BadCursorError extends Error {
  constructor(options?: { readonly cause?: unknown }) {
    super('the cursor does not come from a page before', options);
    this.name = 'BadCursorError';
  }
}
