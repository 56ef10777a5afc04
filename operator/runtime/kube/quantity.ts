const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The value of a quantity of the Kubernetes API (`500m`, `1.5Gi`, `1e3`, `2`); undefined for anything else. */
export function quantityValue(text: unknown): number | undefined {
  if (typeof text === 'number') return text;
  if (typeof text !== 'string') return undefined;
  const parts = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(text);
  const factor = FACTORS[parts?.[2] ?? ''];
  return parts === null || factor === undefined ? undefined : Number(parts[1]) * factor;
}

/** Whether two values are the same amount written in two ways, as `0.5` and `500m`. */
export function sameQuantity(a: unknown, b: unknown): boolean {
  const value = quantityValue(a);
  const other = quantityValue(b);
  if (value === undefined || other === undefined) return false;
  return Math.abs(value - other) <= Math.abs(value) * 1e-12;
}
