const NUMBER = /^(0|[1-9]\d*)(?:\.(\d+))?$/;
/** Longer texts cannot name a value in range; the bound keeps the arithmetic small. */
const MAX_LENGTH = 40;

export type StepsError = 'malformed' | 'zero' | 'offStep' | 'outOfRange';

/**
 * A step of price or quantity (tick size, lot size): translates decimal text to whole steps and back, exactly. Numbers with a
 * sign, an exponent, spaces or a missing digit before or after the point are malformed: each has been read two ways somewhere.
 */
export class DecimalStep {
  /** As configured. */
  readonly text: string;
  private readonly units: bigint;
  private readonly scale: number;

  /** `text`: a positive decimal number. Throws when it is not one. */
  constructor(text: string) {
    const parsed = text.length <= MAX_LENGTH ? NUMBER.exec(text) : null;
    if (parsed === null) throw new Error(`"${text}" is not a positive decimal number such as "0.01"`);
    this.text = text;
    this.scale = parsed[2]?.length ?? 0;
    this.units = BigInt((parsed[1] ?? '') + (parsed[2] ?? ''));
    if (this.units === 0n) throw new Error(`"${text}" must be greater than zero`);
  }

  /** `text` in steps, 1 … `max`, or why it is none. */
  parse(text: string, max: number): number | StepsError {
    const parsed = text.length <= MAX_LENGTH ? NUMBER.exec(text) : null;
    if (parsed === null) return text.length > MAX_LENGTH && NUMBER.test(text) ? 'outOfRange' : 'malformed';
    const fraction = (parsed[2] ?? '').replace(/0+$/, '');
    const units = BigInt((parsed[1] ?? '') + fraction.padEnd(this.scale, '0'));
    if (units === 0n) return 'zero';
    if (fraction.length > this.scale || units % this.units !== 0n) return 'offStep';
    const steps = units / this.units;
    return steps > BigInt(max) ? 'outOfRange' : Number(steps);
  }

  /** `steps` (a whole number ≥ 0) as decimal text with as many digits after the point as the step has. */
  format(steps: number): string {
    const digits = (BigInt(steps) * this.units).toString().padStart(this.scale + 1, '0');
    return this.scale === 0 ? digits : `${digits.slice(0, -this.scale)}.${digits.slice(-this.scale)}`;
  }
}
