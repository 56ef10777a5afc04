/** A measured value at a time. */
export interface Sample {
  readonly hours: number;
  readonly value: number;
}

/** Slope of the line of least squares through the samples, per hour; 0 for fewer than two different times. */
export function slopePerHour(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const at = mean(samples.map(({ hours }) => hours));
  const level = mean(samples.map(({ value }) => value));
  const spread = samples.reduce((sum, { hours }) => sum + (hours - at) ** 2, 0);
  if (samples.length === 0 || spread === 0) return 0;
  return samples.reduce((sum, { hours, value }) => sum + (hours - at) * (value - level), 0) / spread;
}
