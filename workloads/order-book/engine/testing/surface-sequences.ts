import type { Sequence } from './sequences.ts';

/** Hand-made sequences of what goes beyond limit orders, written from the rules and not from a run. */
export const surfaceSequences: readonly Omit<Sequence, 'invariant'>[] = [
  {
    name: 'an iceberg shows a portion at a time, and each new one waits behind those at its price',
    steps: [
      ['sell 1 5@100 peak=2', 'accepted 1 5@100', '| 100:2'],
      ['sell 2 3@100', 'accepted 2 3@100', '| 100:5'],
      ['buy 3 6@100', 'accepted 3 6@100; trade 2@100 1<3; trade 3@100 2<3; trade 1@100 1<3', '| 100:1'],
      ['buy 4 2@100 fok', 'accepted 4 2@100; trade 1@100 1<4; trade 1@100 1<4', '|'],
    ],
  },
  {
    name: 'a smaller iceberg keeps its place and loses first what it hides',
    steps: [
      ['sell 1 6@100 peak=2', 'accepted 1 6@100', '| 100:2'],
      ['sell 2 1@100', 'accepted 2 1@100', '| 100:3'],
      ['replace 1 3@100 keep', 'replaced 1 3@100', '| 100:3'],
      ['buy 3 4@100', 'accepted 3 4@100; trade 2@100 1<3; trade 1@100 2<3; trade 1@100 1<3', '|'],
    ],
  },
  {
    name: 'stops need a last price, wait outside the book, and enter it nearest first when their price trades',
    steps: [
      ['buy 1 1@102 stop=101', 'refused 1 no-last-price', '|'],
      ['sell 1 1@100', 'accepted 1 1@100', '| 100:1'],
      ['buy 2 1@100', 'accepted 2 1@100; trade 1@100 1<2', '|'],
      ['buy 3 1@110 stop=103', 'accepted 3 1@110', '|'],
      ['buy 4 1@110 stop=102', 'accepted 4 1@110', '|'],
      ['sell 5 1@102', 'accepted 5 1@102', '| 102:1'],
      ['sell 6 2@104', 'accepted 6 2@104', '| 102:1 104:2'],
      [
        'buy 7 1@102',
        'accepted 7 1@102; trade 1@102 5<7; triggered 4 1@110; trade 1@104 6<4; triggered 3 1@110; trade 1@104 6<3',
        '|',
      ],
    ],
  },
  {
    name: 'a stop at market takes what there is; a stop that is due enters at once; a stop that waits is not replaced',
    steps: [
      ['sell 1 1@100', 'accepted 1 1@100', '| 100:1'],
      ['buy 2 1@100', 'accepted 2 1@100; trade 1@100 1<2', '|'],
      ['buy 3 2@98', 'accepted 3 2@98', '98:2 |'],
      ['sell 4 3@market stop=99', 'accepted 4 3@1', '98:2 |'],
      ['replace 4 1@97', 'no-replace 4', '98:2 |'],
      ['sell 5 1@98', 'accepted 5 1@98; trade 1@98 3<5; triggered 4 3@1; trade 1@98 3<4; cancelled 4 2@1', '|'],
      ['sell 6 1@105 stop=98', 'accepted 6 1@105; triggered 6 1@105', '| 105:1'],
    ],
  },
  {
    name: 'one of a pair cancels the other: by a trade, by its trigger, by leaving',
    steps: [
      ['sell 1 1@100', 'accepted 1 1@100', '| 100:1'],
      ['buy 2 1@100', 'accepted 2 1@100; trade 1@100 1<2', '|'],
      ['sell 3 5@105', 'accepted 3 5@105', '| 105:5'],
      ['buy 9 1@90 with=3', 'refused 9 bad-partner', '| 105:5'],
      ['sell 4 5@90 stop=95 with=3', 'accepted 4 5@90', '| 105:5'],
      ['sell 9 1@106 with=3', 'refused 9 bad-partner', '| 105:5'],
      ['buy 5 1@105', 'accepted 5 1@105; trade 1@105 3<5; cancelled 4 5@90 partner', '| 105:4'],
      ['sell 6 2@95 stop=100 with=3', 'accepted 6 2@95', '| 105:4'],
      ['buy 7 1@99', 'accepted 7 1@99', '99:1 | 105:4'],
      ['sell 8 1@99', 'accepted 8 1@99; trade 1@99 7<8; triggered 6 2@95; cancelled 3 4@105 partner', '| 95:2'],
      ['sell 10 1@97 with=6', 'accepted 10 1@97', '| 95:2 97:1'],
      ['cancel 10', 'cancelled 10 1@97; cancelled 6 2@95 partner', '|'],
    ],
  },
  {
    name: 'who meets his own order: the newer goes, the older goes, both go, or both shrink',
    steps: [
      ['sell 1 5@100 owner=7', 'accepted 1 5@100', '| 100:5'],
      ['buy 2 3@101 owner=7 stp=newest', 'accepted 2 3@101; cancelled 2 3@101 self-trade', '| 100:5'],
      ['buy 3 2@100 owner=7 stp=decrement', 'accepted 3 2@100; prevented 2@100 1<3', '| 100:3'],
      ['buy 4 1@100 owner=8 stp=oldest', 'accepted 4 1@100; trade 1@100 1<4', '| 100:2'],
      ['sell 5 2@100', 'accepted 5 2@100', '| 100:4'],
      ['buy 6 3@100 owner=7 stp=oldest', 'accepted 6 3@100; cancelled 1 2@100 self-trade; trade 2@100 5<6', '100:1 |'],
      [
        'sell 7 4@100 owner=7 stp=both',
        'accepted 7 4@100; cancelled 6 1@100 self-trade; cancelled 7 4@100 self-trade',
        '|',
      ],
      ['sell 8 1@100 owner=7', 'accepted 8 1@100', '| 100:1'],
      ['buy 9 1@100 owner=7', 'accepted 9 1@100; trade 1@100 8<9', '|'],
    ],
  },
  {
    name: 'a call collects plain limit orders; opening trades them at the price of the most volume',
    steps: [
      ['buy 1 3@99', 'accepted 1 3@99', '99:3 |'],
      ['phase call', '', '99:3 |'],
      ['buy 2 4@102', 'accepted 2 4@102', '99:3 |'],
      ['sell 3 5@98', 'accepted 3 5@98', '99:3 |'],
      ['sell 4 2@101', 'accepted 4 2@101', '99:3 |'],
      ['buy 5 1@102 ioc', 'refused 5 not-in-auction', '99:3 |'],
      ['buy 5 1@102 peak=1', 'refused 5 not-in-auction', '99:3 |'],
      // At 99: 7 against 5; nowhere do more than 5 trade. Buyers are left over.
      ['phase continuous', 'auction 4@99 2+3; auction 1@99 1+3', '99:2 | 101:2'],
    ],
  },
  {
    name: 'an auction whose trade cancels a partner trades again what then still meets',
    steps: [
      ['buy 1 5@105', 'accepted 1 5@105', '105:5 |'],
      ['buy 2 5@105 with=1', 'accepted 2 5@105', '105:10 |'],
      ['buy 3 5@100', 'accepted 3 5@100', '105:10 100:5 |'],
      ['phase call', '', '105:10 100:5 |'],
      ['sell 4 10@100', 'accepted 4 10@100', '105:10 100:5 |'],
      ['phase continuous', 'auction 5@105 1+4; cancelled 2 5@105 partner; auction 5@100 3+4', '|'],
    ],
  },
  {
    name: 'a halt refuses all but cancels; a band refuses limits and narrows market orders',
    steps: [
      ['sell 1 1@100', 'accepted 1 1@100', '| 100:1'],
      ['sell 2 1@110', 'accepted 2 1@110', '| 100:1 110:1'],
      ['phase halted', '', '| 100:1 110:1'],
      ['buy 3 1@100', 'refused 3 halted', '| 100:1 110:1'],
      ['replace 2 1@111', 'no-replace 2', '| 100:1 110:1'],
      ['phase continuous', '', '| 100:1 110:1'],
      ['band 95 105', '', '| 100:1 110:1'],
      ['buy 3 1@106', 'refused 3 out-of-band', '| 100:1 110:1'],
      ['buy 3 2@market', 'accepted 3 2@2147483646; trade 1@100 1<3; cancelled 3 1@2147483646', '| 110:1'],
      ['phase halted', '', '| 110:1'],
      ['cancel 2', 'cancelled 2 1@110', '|'],
    ],
  },
];
