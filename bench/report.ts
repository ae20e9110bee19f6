// What is printed: a table for people with the goal beside each number, and the same as one JSON object. A measurement
// states its own rows.

/** `what` is for the table; without it the number is for the JSON alone. `value`: undefined where it was not measured. */
export type Row = readonly [
  key: string,
  value: number | undefined,
  decimals: number,
  what?: string,
  goal?: string,
];

export function toTable(rows: readonly Row[]): string {
  return rows
    .flatMap(([, value, decimals, what, goal = '']) => {
      if (value === undefined || what === undefined) return [];
      const number = String(rounded(value, decimals)).padStart(10);
      return [`${what.padEnd(48)}${number}   ${goal}`.trimEnd()];
    })
    .join('\n');
}

export function toJson(rows: readonly Row[]): string {
  const figures = rows.flatMap(([key, value, decimals]) =>
    value === undefined ? [] : [[key, rounded(value, decimals)]],
  );
  return JSON.stringify(Object.fromEntries(figures));
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

export function quotient(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}
