/**
 * resourceVersions as the API server orders them: decimal numbers of any length, compared as text because 64 bits do not
 * fit a JavaScript number (KEP-5504 makes the comparison official for all resources of the API server).
 */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether `text` is a resourceVersion that can be compared: decimal, without leading zeros, not empty. */
export function isVersion(text: unknown): text is string {
  return typeof text === 'string' && /^(0|[1-9][0-9]*)$/.test(text);
}
