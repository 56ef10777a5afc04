/**
 * Freezes parsed JSON through and through. The type of the result is unchanged: readers are many, and none may write.
 * What is frozen at its root was frozen here before, so asking again costs nothing.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const key in value) deepFreeze(value[key]);
  }
  return value;
}
