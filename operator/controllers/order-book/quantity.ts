import { quantityValue } from '@sluice/runtime';

/** Whole bytes of a Kubernetes quantity such as "10Gi" or "1.5e9", rounded up; undefined when it is none. Exact up to 2^53. */
export function quantityBytes(text: string): number | undefined {
  const value = quantityValue(text);
  return value === undefined || value < 0 ? undefined : Math.ceil(value);
}
