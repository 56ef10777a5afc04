import { loadMutant, type Mutation } from '../../testing/mutant.ts';
import type { Target } from '../target.ts';

interface ParserMutation extends Mutation {
  readonly target: Target['name'];
}

/** Mistakes that parsers of decimal text and of byte frames have made. */
export const mutations: readonly ParserMutation[] = [
  {
    name: 'a sign is taken, and forgotten',
    target: 'rest',
    file: 'exchange/decimal.ts',
    edits: [['/^(0|[1-9]', '/^-?(0|[1-9]']],
  },
  {
    name: 'an exponent is taken',
    target: 'rest',
    file: 'exchange/decimal.ts',
    edits: [['(?:\\.(\\d+))?$/', '(?:\\.(\\d+))?(?:e\\d+)?$/']],
  },
  {
    name: 'a price between two ticks is cut',
    target: 'rest',
    file: 'exchange/decimal.ts',
    edits: [["    if (fraction.length > this.scale || units % this.units !== 0n) return 'offStep';\n", '']],
  },
  {
    name: 'digits behind those of the step are dropped',
    target: 'rest',
    file: 'exchange/decimal.ts',
    edits: [["(parsed[2] ?? '').replace(/0+$/, '')", "(parsed[2] ?? '').slice(0, this.scale)"]],
  },
  {
    name: 'zero is taken',
    target: 'rest',
    file: 'exchange/decimal.ts',
    edits: [["    if (units === 0n) return 'zero';\n", '']],
  },
  {
    name: 'a number beyond the range is taken',
    target: 'rest',
    file: 'exchange/decimal.ts',
    edits: [["steps > BigInt(max) ? 'outOfRange' : Number(steps)", 'Number(steps)']],
  },
  {
    name: 'a time that is none is taken',
    target: 'rest',
    file: 'gateway/order-request.ts',
    edits: [['  if (expiresMs > 0) return expiresMs;', '  if (!(expiresMs <= 0)) return expiresMs;']],
  },
  {
    name: 'a price above the range',
    target: 'binary',
    file: 'binary/command-frame.ts',
    edits: [['  if (price > MAX_PRICE || stopPrice > MAX_PRICE) return PRICE_OUT_OF_RANGE;\n', '']],
  },
  {
    name: 'a time in force that there is not',
    target: 'binary',
    file: 'binary/command-frame.ts',
    edits: [['  if (timeInForce === 3) return INVALID_TIME_IN_FORCE;\n', '']],
  },
  {
    name: 'a self-trade mode that there is not',
    target: 'binary',
    file: 'binary/command-frame.ts',
    edits: [['  if (terms >> SELF_TRADE_SHIFT >= SELF_TRADES.length) return INVALID_SELF_TRADE;\n', '']],
  },
  {
    name: 'the reserved bytes are not looked at',
    target: 'binary',
    file: 'binary/command-frame.ts',
    edits: [
      [
        '  if (view.getUint32(at + RESERVED, true) !== 0 || view.getUint32(at + RESERVED + 4, true) !== 0) return BROKEN;\n',
        '',
      ],
    ],
  },
  {
    name: 'a client order id loses its highest digits',
    target: 'binary',
    file: 'binary/command-frame.ts',
    edits: [['view.getUint32(at + ID + 4, true) > MAX_HIGH ? INVALID_CLIENT_ORDER_ID : 0', '0']],
  },
  {
    name: 'more is shown than there is',
    target: 'binary',
    file: 'binary/command-frame.ts',
    edits: [['(timeInForce !== 0 || display > quantity)', 'timeInForce !== 0']],
  },
  {
    name: 'the beginning of a frame is lost with the end of a read',
    target: 'binary',
    file: 'binary/held-bytes.ts',
    edits: [['this.bytes.length === 0 ? chunk : this.joined(chunk)', 'chunk']],
  },
  {
    name: 'the memory of a read is given back before the rest of it is kept',
    target: 'binary',
    file: 'binary/connection.ts',
    edits: [['      this.held.keep();\n', '']],
  },
  {
    name: 'a name is taken before all of it is here',
    target: 'binary',
    file: 'binary/hello.ts',
    edits: [['  if (bytes.length < HELLO_BYTES + length) return undefined;\n', '']],
  },
  {
    name: 'the last word overtakes the results',
    target: 'binary',
    file: 'binary/connection.ts',
    edits: [[' || answers?.isSent === false', '']],
  },
  {
    name: 'the results behind the end of the ring are forgotten',
    target: 'binary',
    file: 'binary/answer-queue.ts',
    edits: [['[bytes.subarray(start), bytes.subarray(0, end - bytes.length)]', '[bytes.subarray(start)]']],
  },
  {
    name: 'a refusal overtakes the results before it',
    target: 'binary',
    file: 'binary/answer-queue.ts',
    edits: [['oldest?.isAnswered;', 'oldest !== undefined;']],
  },
  {
    name: 'a refused frame shifts those behind it',
    target: 'binary',
    file: 'binary/intake.ts',
    edits: [
      [
        'bytes.subarray(first * FRAME_BYTES, index * FRAME_BYTES)',
        'bytes.subarray(length, length + (index - first) * FRAME_BYTES)',
      ],
    ],
  },
  {
    name: 'the result of one command is given to another',
    target: 'binary',
    file: 'binary/intake.ts',
    edits: [
      [
        'const request = frames.getUint32(frameAt + REQUEST, true);',
        'const request = frames.getUint32(REQUEST, true);',
      ],
    ],
  },
];

/** The parser from a copy of the sources with `mutation` in it. */
export async function loadTarget(mutation: ParserMutation): Promise<Target> {
  const [module] = await loadMutant(mutation, [`fuzz/${mutation.target}-target.ts`]);
  const { createRestTarget, createBinaryTarget } = module as Record<string, (() => Promise<Target>) | undefined>;
  const create = createRestTarget ?? createBinaryTarget;
  if (create === undefined) throw new Error(`${mutation.target} has no target`);
  return create();
}
