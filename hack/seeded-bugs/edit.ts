/** A change of a source text. */
export type Edit = readonly [from: string, to: string];

/**
 * The source with the edits in it. Throws when a text to replace is not there exactly once: the bug would not be the one
 * that is meant, and a test that fails without it would prove nothing.
 */
export function edited(source: string, edits: readonly Edit[], file: string): string {
  return edits.reduce((text, [from, to]) => {
    const found = text.split(from).length - 1;
    if (found !== 1) throw new Error(`${file} has this text ${found} times, not once: ${from}`);
    return text.replace(from, () => to);
  }, source);
}
