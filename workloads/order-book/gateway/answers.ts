import { type TSchema, Type } from '@sinclair/typebox';

const closed = { additionalProperties: false } as const;
const text = (description: string) => Type.String({ description });
const decimal = (description: string) => Type.String({ description, pattern: '^\\d+(\\.\\d+)?$' });
const number = (description: string) => Type.String({ description, pattern: '^\\d+$' });
const time = (description: string) => Type.String({ description, format: 'date-time' });
const oneOf = (...values: readonly string[]) => Type.Unsafe<string>({ type: 'string', enum: values });

const orderFields = {
  id: number('Given by the book.'),
  clientOrderId: Type.Optional(text('As it was sent.')),
  symbol: text('What is traded.'),
  side: oneOf('buy', 'sell'),
  type: oneOf('limit', 'market'),
  timeInForce: oneOf('GTC', 'IOC', 'FOK', 'GTD'),
  postOnly: Type.Boolean(),
  price: Type.Optional(decimal('Limit; none for a market order.')),
  stopPrice: Type.Optional(decimal('Price of a last trade that lets the order enter.')),
  triggered: Type.Optional(Type.Boolean({ description: 'Whether a stop that is open has entered the book.' })),
  displayQuantity: Type.Optional(decimal('What the book shows at a time.')),
  selfTrade: Type.Optional(oneOf('cancelNewest', 'cancelOldest', 'cancelBoth', 'decrement')),
  expiresTime: Type.Optional(time('When it expires.')),
  linkedTo: Type.Optional(number('The order it was linked with.')),
  quantity: decimal('Total: what is filled and what is open.'),
  filled: decimal('What has traded.'),
  remaining: decimal('What is open; 0 when the order is closed.'),
  status: oneOf('open', 'filled', 'cancelled', 'rejected'),
  reason: Type.Optional(text('Why it was cancelled or rejected.')),
  createdTime: time('When the book took it.'),
  updatedTime: time('When it changed last.'),
};

const tradeAnswer = Type.Object(
  {
    id: text('Symbol and sequence: the same after any restart.'),
    sequence: number('Dense per symbol, from 1.'),
    price: decimal('Price of the order that was there first; of an auction, its one price.'),
    quantity: decimal('What changed hands.'),
    takerSide: oneOf('buy', 'sell', 'none'),
    time: time('When it was made.'),
  },
  closed,
);

const described = <S extends TSchema>(description: string, schema: S): S => ({ ...schema, description });

export const orderAnswer = Type.Object(orderFields, { ...closed, description: 'An order of the account.' });
export const acceptedAnswer = Type.Object(
  { ...orderFields, fills: Type.Array(tradeAnswer, { description: 'Trades of this request.' }) },
  { ...closed, description: 'The order as it stands after the request.' },
);
export const placedAnswer = described('The order was placed.', acceptedAnswer);
export const repeatedAnswer = described(
  'The client order id was there, with the same terms: nothing was placed.',
  acceptedAnswer,
);
export const ordersAnswer = Type.Object({ orders: Type.Array(orderAnswer) }, closed);

const pairAnswer = Type.Object({ stop: acceptedAnswer, limit: acceptedAnswer }, closed);
export const placedPairAnswer = described('Both orders were placed.', pairAnswer);
export const repeatedPairAnswer = described('The client order ids were there, with the same terms.', pairAnswer);

const levels = Type.Array(Type.Tuple([decimal('Price.'), decimal('Quantity.')]), { description: 'Best first.' });
export const depthAnswer = Type.Object(
  { symbol: text('What was asked for.'), sequence: number('The command it stands at.'), bids: levels, asks: levels },
  closed,
);
export const tradesAnswer = Type.Object(
  { symbol: text('What was asked for.'), trades: Type.Array(tradeAnswer) },
  closed,
);

const phase = oneOf('continuous', 'halted', 'call');
const band = {
  lowest: Type.Optional(decimal('No order below; absent: any price.')),
  highest: Type.Optional(decimal('No order above; absent: any price.')),
};
const indicative = Type.Object(
  { price: decimal('Price of the auction.'), quantity: decimal('What would change hands.') },
  { ...closed, description: 'What an auction would do now; only in a call, when anything would trade.' },
);
export const symbolsAnswer = Type.Object(
  {
    symbols: Type.Array(
      Type.Object(
        {
          name: text('Its name.'),
          tickSize: decimal('Step of prices.'),
          lotSize: decimal('Step of quantities.'),
          trading: Type.Boolean({ description: 'Whether it takes new orders: it is in the symbols file.' }),
          phase,
          band: Type.Object(band, closed),
          indicative: Type.Optional(indicative),
          lastPrice: Type.Optional(decimal('Price of the last trade.')),
          openOrders: Type.Integer(),
        },
        closed,
      ),
    ),
  },
  closed,
);
export const phaseAnswer = Type.Object(
  { symbol: text('Whose phase it is.'), phase, trades: Type.Array(tradeAnswer, { description: 'Of the auction.' }) },
  closed,
);
export const bandAnswer = Type.Object({ symbol: text('Whose band it is.'), ...band }, closed);
export const killSwitchAnswer = Type.Object(
  {
    account: text('Whose switch it is.'),
    on: Type.Boolean({ description: 'Its orders were cancelled, and it places and changes none.' }),
  },
  closed,
);
export const statusAnswer = Type.Object(
  {
    version: text('Of the program.'),
    epoch: number('Grows with every start that writes.'),
    sequence: number('Of the last command.'),
    openOrders: Type.Integer(),
    pending: Type.Integer({ description: 'Commands that wait for the disk.' }),
    journal: text('"ok", or the code of why it stopped.'),
    publisher: Type.Optional(
      Type.Object(
        {
          state: text('"ok", or the code of what keeps trades from the broker.'),
          last: number('Of the last trade, over all symbols.'),
          acknowledged: number('Of the last trade that the broker has.'),
        },
        closed,
      ),
    ),
  },
  closed,
);
