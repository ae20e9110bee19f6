// The platform's page, as far as it reads an answer to its DELETE.

/** The words that it shows. */
export function shownByItsPage({ status, body }: { status: number; body: unknown }): string {
  const data = Object(body);
  const isOk = status >= 200 && status < 300;
  if (!isOk || !data.success) return data.message || 'Failed to delete bot';
  return data.cashedOut?.amount > 0
    ? `deleted successfully. Cashed out ${data.cashedOut.amount.toFixed(2)} ${data.cashedOut.currency}`
    : 'deleted successfully.';
}
