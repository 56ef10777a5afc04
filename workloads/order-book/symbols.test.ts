import { describe, expect, it } from 'vitest';
import { NO_LIMITS } from './exchange/command.ts';
import { parseSymbols } from './symbols.ts';

const btc = '{ name: BTC-EUR, tickSize: "0.01", lotSize: "0.0001" }';
const limited = (risk: string): string =>
  `symbols: [{ name: BTC-EUR, tickSize: "0.01", lotSize: "0.0001", risk: { ${risk} } }]`;
const accounts = (list: string): string => `symbols: [${btc}]\naccounts: ${list}`;

it('limits are whole steps: lots, ticks × lots, hundredths of a percent', () => {
  const { risk, accounts: own } = parseSymbols(`
symbols:
  - name: BTC-EUR
    tickSize: "0.05"
    lotSize: "0.0001"
    risk: { maxQuantity: "10", maxNotional: "500000.1", maxOpenNotional: "2000000", maxPriceDistance: "2.5%" }
accounts:
  - { name: a, maxOrders: 5, ordersPerSecond: 7, risk: [{ symbol: BTC-EUR, maxQuantity: "1" }] }
`);
  expect(risk).toEqual([
    {
      account: '',
      symbol: 'BTC-EUR',
      limits: {
        maxQuantity: 100_000,
        maxNotional: 100_000_020_000,
        maxOpenNotional: 400_000_000_000,
        maxDistance: 250,
      },
    },
    { account: 'a', symbol: 'BTC-EUR', limits: { ...NO_LIMITS, maxQuantity: 10_000 } },
  ]);
  expect(own).toEqual(new Map([['a', { maxOrders: 5, ordersPerSecond: 7 }]]));
});

describe('a wrong file names the first wrong place', () => {
  it.each([
    ['nothing', '', 'the file must be a map of symbols, limits, accounts and auth'],
    ['no symbols', 'symbols: []', 'symbols must be a list'],
    ['twice', `symbols: [${btc}, ${btc}]`, 'BTC-EUR is listed twice'],
    ['an unknown field', 'symbols: []\nlimit: 1', 'no field "limit": it has symbols, limits, accounts and auth'],
    [
      'a limit without quotes',
      limited('maxQuantity: 10'),
      'symbols[0].risk.maxQuantity must be a decimal number in quotes',
    ],
    ['a negative limit', limited('maxNotional: "-1"'), 'symbols[0].risk.maxNotional'],
    ['zero', limited('maxNotional: "0"'), 'symbols[0].risk.maxNotional'],
    ['less than a step', limited('maxQuantity: "0.00001"'), 'at least one step'],
    ['beyond 2^53 steps', limited('maxOpenNotional: "999999999999999"'), 'below 2^53'],
    ['an exponent', limited('maxQuantity: "1e3"'), 'symbols[0].risk.maxQuantity'],
    ['a distance without a sign', limited('maxPriceDistance: "5"'), 'such as "5%"'],
    ['a distance of nothing', limited('maxPriceDistance: "0.00%"'), 'such as "5%"'],
    ['an unknown limit', limited('maxLoss: "5"'), 'no field "maxLoss"'],
    ['accounts that are no list', accounts('{}'), 'accounts must be a list'],
    ['an account without a name', accounts('[{ maxOrders: 1 }]'), 'accounts[0].name'],
    ['an account twice', accounts('[{ name: a }, { name: a }]'), 'account a is listed twice'],
    ['no whole number', accounts('[{ name: a, maxOrders: 1.5 }]'), 'accounts[0].maxOrders must be a whole number'],
    ['an unknown symbol', accounts('[{ name: a, risk: [{ symbol: X }] }]'), 'accounts[0].risk[0].symbol'],
    [
      'a symbol twice',
      accounts('[{ name: a, risk: [{ symbol: BTC-EUR }, { symbol: BTC-EUR }] }]'),
      'accounts[0].risk[1]: symbol BTC-EUR is listed twice',
    ],
  ])('%s', (_name, text, sentence) => {
    expect(() => parseSymbols(text)).toThrow(sentence);
  });
});
