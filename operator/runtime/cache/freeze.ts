/** Freezes parsed JSON through and through. The type of the result is unchanged: readers are many, and none may write. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) freezeTree(value as Record<string, unknown>);
  return value;
}

function freezeTree(tree: Record<string, unknown>): void {
  Object.freeze(tree);
  for (const key in tree) {
    const child = tree[key];
    if (typeof child === 'object' && child !== null && !Object.isFrozen(child)) {
      freezeTree(child as Record<string, unknown>);
    }
  }
}
