import { integer, listBy, object, optional, type Static, textLike } from './schema.ts';

// Pre-trade limits, in the words of the file that the program reads (docs/order-book.md).

/** A symbol as it is written. */
export function symbolName(description: string) {
  return textLike(description, {
    max: 32,
    expression: '^[A-Z0-9]+([._-][A-Z0-9]+)*$',
    message: 'must be upper-case letters and digits, with "-", "." or "_" between them, such as "BTC-EUR"',
  });
}

function amount(description: string) {
  return textLike(description, {
    max: 37,
    expression: '^(0|[1-9][0-9]{0,17})(\\.[0-9]{1,18})?$',
    message: 'must be a decimal number in quotes with at most 18 digits on each side of the point, such as "10.5"',
    rules: [{ rule: "self.matches('[1-9]')", message: 'must be greater than zero; leave it out for no limit' }],
  });
}

const limitFields = {
  maxQuantity: optional(amount('Quantity of one order.')),
  maxNotional: optional(amount('Price times quantity of one order.')),
  maxOpenNotional: optional(amount('Price times quantity of all open orders of the account in the symbol.')),
  maxPriceDistance: optional(
    textLike('How far a buy may be above the last price, and a sell below it, such as "5%".', {
      max: 8,
      expression: '^[0-9]{1,4}(\\.[0-9]{1,2})?%$',
      message: 'must be a percentage in quotes with at most two digits after the point, such as "5%" or "2.5%"',
      rules: [{ rule: "self.matches('[1-9]')", message: 'must be greater than zero; leave it out for no limit' }],
    }),
  ),
};

export const symbolRisk = object('Limits of each account in this symbol; absent ones do not limit.', limitFields);

const account = object('Limits of one account, instead of those of all.', {
  name: textLike('The account: sub of its tokens, or what it calls itself where no token is asked.', {
    max: 256,
    expression: '^[!-~]+$',
    message: 'must be the name of an account, 1 to 256 visible ASCII characters',
  }),
  maxOrders: optional(integer('Open orders, 1 to 1000000.', { min: 1, max: 1_000_000 })),
  ordersPerSecond: optional(integer('Commands per second, 1 to 1000000.', { min: 1, max: 1_000_000 })),
  risk: optional(
    listBy(
      'symbol',
      object('Limits in one symbol, instead of those of the symbol.', {
        symbol: symbolName('Name of a symbol of this book.'),
        ...limitFields,
      }),
      'Limits in single symbols, at most 64.',
      { max: 64 },
    ),
  ),
});

export const accounts = listBy('name', account, 'Accounts with limits of their own, at most 1000.', { max: 1000 });

export type RiskLimits = Static<typeof symbolRisk>;
