import type { Clock } from '../clock.ts';

/**
 * What `read` gives, read again when it is older than `maxAgeMs`. Every request asks for a token; the file system is asked
 * a few times a minute. While a new one cannot be read the old one counts: files are replaced at any moment.
 */
export function remembered<T>(
  clock: Clock,
  maxAgeMs: number,
  read: () => Promise<T>,
): { get(): Promise<T>; forget(): void } {
  let value: Promise<T> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return {
    get() {
      if (value !== undefined && clock.monotonic() - readAt < maxAgeMs) return value;
      const before = value;
      readAt = clock.monotonic();
      const now = read().catch((error: unknown) => {
        if (value === now) value = before;
        if (before === undefined) throw error;
        return before;
      });
      value = now;
      return now;
    },
    forget() {
      readAt = Number.NEGATIVE_INFINITY;
    },
  };
}
