/** One line of the demo's result: what was measured, and whether it is what was promised. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly right: boolean;
}

const width = 44;

export function figureTable(figures: readonly Figure[]): string[] {
  return figures.map(({ what, value, right }) => `  ${right ? '✓' : '✗'} ${what.padEnd(width)} ${value}`);
}

/** A figure that only informs. */
export function told(what: string, value: string | number): Figure {
  return { what, value: String(value), right: true };
}

/** A figure that must be exactly this. */
export function exactly(what: string, value: number, expected: number): Figure {
  const right = value === expected;
  return { what, value: right ? String(value) : `${value}, not ${expected}`, right };
}
