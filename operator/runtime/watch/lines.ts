/** Longer than any object: etcd refuses values above 1.5 MiB by default, and JSON adds less than a factor of six. */
const MAX_LINE_BYTES = 16 * 2 ** 20;

const NEWLINE = 0x0a;

/**
 * Cuts a stream of bytes into lines, wherever its chunks begin and end. Bytes are decoded only in whole lines, so that no
 * character is torn: a newline byte is never part of a longer UTF-8 character. Empty lines are left out; what follows the
 * last newline stays back. Throws when a line grows beyond 16 MiB.
 */
export function createLineSplitter(maxLineBytes = MAX_LINE_BYTES): (chunk: Buffer) => string[] {
  let rest: Buffer[] = [];
  let restBytes = 0;
  return (chunk) => {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end === -1) {
      rest.push(chunk);
      restBytes += chunk.length;
      if (restBytes > maxLineBytes) throw new Error(`a line of the stream is longer than ${maxLineBytes} bytes`);
      return [];
    }
    const whole = chunk.subarray(0, end);
    const text = (rest.length === 0 ? whole : Buffer.concat([...rest, whole])).toString('utf8');
    rest = end + 1 === chunk.length ? [] : [chunk.subarray(end + 1)];
    restBytes = chunk.length - end - 1;
    return text.split('\n').filter((line) => line !== '');
  };
}
