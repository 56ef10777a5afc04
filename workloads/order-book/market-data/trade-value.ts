import type { DecimalStep } from '../exchange/decimal.ts';
import type { Market } from '../exchange/market.ts';
import type { Trade } from '../exchange/order.ts';

/** Price times quantity, summed over `trades`, as decimal text: what a taker paid. */
export function tradedValue({ tick, lot }: Market, trades: readonly Pick<Trade, 'price' | 'quantity'>[]): string {
  const scale = scaleOf(tick) + scaleOf(lot);
  let sum = 0n;
  for (const { price, quantity } of trades) sum += unitsOf(tick.format(price)) * unitsOf(lot.format(quantity));
  const digits = sum.toString().padStart(scale + 1, '0');
  return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function scaleOf({ text }: DecimalStep): number {
  return text.split('.')[1]?.length ?? 0;
}

function unitsOf(text: string): bigint {
  return BigInt(text.replace('.', ''));
}
