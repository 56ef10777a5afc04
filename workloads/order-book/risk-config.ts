import type { RiskLimits, SymbolConfig } from './exchange/command.ts';
import { DecimalStep } from './exchange/decimal.ts';

/** Limits in one symbol: of one account, or with the account '' of each that has none of its own. */
export interface RiskRule {
  readonly account: string;
  readonly symbol: string;
  readonly limits: RiskLimits;
}

const FIELDS = ['maxQuantity', 'maxNotional', 'maxOpenNotional', 'maxPriceDistance'] as const;
const AMOUNT = /^(0|[1-9]\d{0,17})(\.\d{1,18})?$/;
const PERCENT = /^(\d{1,4})(?:\.(\d{1,2}))?%$/;

/** The names that a map of limits may have, for the check of unknown ones. */
export const RISK_FIELDS: readonly string[] = FIELDS;

/** Limits as written: decimal text in quotes. Throws an Error that names the first wrong place. */
export function parseRisk(given: Readonly<Record<string, unknown>>, symbol: SymbolConfig, where: string): RiskLimits {
  const amount = (name: (typeof FIELDS)[number], unit: readonly DecimalStep[]): number => {
    const value = given[name];
    if (value === undefined) return 0;
    const steps = typeof value === 'string' && AMOUNT.test(value) ? wholeSteps(value, unit) : 0;
    if (steps > 0 && steps <= Number.MAX_SAFE_INTEGER) return steps;
    throw new Error(`${where}.${name} must be a decimal number in quotes, at least one step and below 2^53 steps`);
  };
  const tick = new DecimalStep(symbol.tickSize);
  const lot = new DecimalStep(symbol.lotSize);
  return {
    // The journal has 32 bits for it, and no order is larger than 31.
    maxQuantity: Math.min(amount('maxQuantity', [lot]), 2 ** 32 - 1),
    maxNotional: amount('maxNotional', [tick, lot]),
    maxOpenNotional: amount('maxOpenNotional', [tick, lot]),
    maxDistance: distance(given.maxPriceDistance, `${where}.maxPriceDistance`),
  };
}

/** Hundredths of a percent. */
function distance(value: unknown, where: string): number {
  if (value === undefined) return 0;
  const [, whole = '', part = ''] = (typeof value === 'string' ? PERCENT.exec(value) : null) ?? [];
  const hundredths = Number(whole) * 100 + Number(part.padEnd(2, '0'));
  if (whole !== '' && hundredths > 0) return hundredths;
  throw new Error(`${where} must be a percentage in quotes with at most two digits after the point, such as "5%"`);
}

/** How many whole products of the steps go into the amount. */
function wholeSteps(amount: string, steps: readonly DecimalStep[]): number {
  const digits = (text: string): [units: bigint, scale: number] => {
    const [whole = '', part = ''] = text.split('.');
    return [BigInt(whole + part), part.length];
  };
  const [units, scale] = digits(amount);
  let numerator = units;
  let denominator = 10n ** BigInt(scale);
  for (const { text } of steps) {
    const [stepUnits, stepScale] = digits(text);
    numerator *= 10n ** BigInt(stepScale);
    denominator *= stepUnits;
  }
  return Number(numerator / denominator);
}
