// An account that is there and cannot be used: its document's `_id` is of a form that no record of ours can name.

export class UnusableAccountError extends Error {
  constructor() {
    super('the _id of the account is no ObjectId');
    this.name = 'UnusableAccountError';
  }
}
