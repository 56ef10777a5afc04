import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8 inline the whole way of a message through the book into one function: by default it stops at 920 bytes of byte code.
 * Measured with the public workloads on a quiet machine: 7 % more messages per second (normal), 10 % (swing-25), 13 % (static). In the
 * bundle of the service, with accounts, client order ids and 100,000 orders, applying a command takes 10 to 20 % less once it is warm; until
 * then more is compiled. For programs whose main work is the book; call it before the first message.
 */
export function inlineMore(): void {
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=4000');
}
