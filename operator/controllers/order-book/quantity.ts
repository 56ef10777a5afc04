const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** Bytes of a Kubernetes quantity such as "10Gi" or "1.5e9"; undefined when it is none. Exact up to 2^53. */
export function quantityBytes(text: string): number | undefined {
  const [, digits = '', suffix = ''] = /^(\d+(?:\.\d*)?|\.\d+)((?:[eE][+-]?\d+)|[A-Za-z]{0,2})$/.exec(text) ?? [];
  const factor = /^[eE][+-]?\d/.test(suffix) ? Number(`1${suffix}`) : FACTORS[suffix];
  return digits === '' || factor === undefined ? undefined : Math.ceil(Number(digits) * factor);
}
