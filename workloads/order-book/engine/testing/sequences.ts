/** A hand-made sequence: each step is a message, the events it must cause, and the book after it (`bids | asks`). */
export interface Sequence {
  /** Number of the invariant in the oracle's README. */
  readonly invariant: number;
  readonly name: string;
  readonly steps: readonly (readonly [message: string, events: string, book: string])[];
}

export const sequences: readonly Sequence[] = [
  {
    invariant: 1,
    name: 'cancelling the head of a level leaves the others in order',
    steps: [
      ['buy 1 1@100', 'accepted 1 1@100', '100:1 |'],
      ['buy 2 2@100', 'accepted 2 2@100', '100:3 |'],
      ['buy 3 3@100', 'accepted 3 3@100', '100:6 |'],
      ['cancel 1', 'cancelled 1 1@100', '100:5 |'],
      ['sell 9 5@100', 'accepted 9 5@100; trade 2@100 2<9; trade 3@100 3<9', '|'],
    ],
  },
  {
    invariant: 1,
    name: 'cancelling the middle and scattered orders loses none of the others',
    steps: [
      ['sell 1 1@100', 'accepted 1 1@100', '| 100:1'],
      ['sell 2 1@100', 'accepted 2 1@100', '| 100:2'],
      ['sell 3 1@100', 'accepted 3 1@100', '| 100:3'],
      ['sell 4 1@100', 'accepted 4 1@100', '| 100:4'],
      ['sell 5 1@100', 'accepted 5 1@100', '| 100:5'],
      ['cancel 3', 'cancelled 3 1@100', '| 100:4'],
      ['cancel 5', 'cancelled 5 1@100', '| 100:3'],
      ['buy 9 3@100', 'accepted 9 3@100; trade 1@100 1<9; trade 1@100 2<9; trade 1@100 4<9', '|'],
    ],
  },
  {
    invariant: 2,
    name: 'an order walks the levels best first and an exact fill leaves nothing',
    steps: [
      ['sell 1 2@101', 'accepted 1 2@101', '| 101:2'],
      ['sell 2 3@100', 'accepted 2 3@100', '| 100:3 101:2'],
      ['sell 3 4@102', 'accepted 3 4@102', '| 100:3 101:2 102:4'],
      ['buy 4 9@102', 'accepted 4 9@102; trade 3@100 2<4; trade 2@101 1<4; trade 4@102 3<4', '|'],
    ],
  },
  {
    invariant: 2,
    name: 'what is left of a limit rests as the new best, can be filled, and never walks past its own limit',
    steps: [
      ['sell 1 2@100', 'accepted 1 2@100', '| 100:2'],
      ['sell 2 2@103', 'accepted 2 2@103', '| 100:2 103:2'],
      ['buy 3 5@102', 'accepted 3 5@102; trade 2@100 1<3', '102:3 | 103:2'],
      ['sell 4 3@102', 'accepted 4 3@102; trade 3@102 3<4', '| 103:2'],
    ],
  },
  {
    invariant: 3,
    name: 'a buy moved through the spread matches at the price of the maker and never rests crossed',
    steps: [
      ['sell 1 2@100', 'accepted 1 2@100', '| 100:2'],
      ['buy 2 5@90', 'accepted 2 5@90', '90:5 | 100:2'],
      ['replace 2 5@105', 'replaced 2 5@105; trade 2@100 1<2', '105:3 |'],
    ],
  },
  {
    invariant: 3,
    name: 'a sell moved through the spread matches at the price of the maker and never rests crossed',
    steps: [
      ['buy 1 2@100', 'accepted 1 2@100', '100:2 |'],
      ['sell 2 5@110', 'accepted 2 5@110', '100:2 | 110:5'],
      ['replace 2 2@95', 'replaced 2 2@95; trade 2@100 1<2', '|'],
      ['cancel 2', 'no-cancel 2', '|'],
    ],
  },
  {
    invariant: 4,
    name: 'moving one of two orders leaves the other, and the moved one lost its place',
    steps: [
      ['buy 1 1@100', 'accepted 1 1@100', '100:1 |'],
      ['buy 2 2@100', 'accepted 2 2@100', '100:3 |'],
      ['replace 1 4@100', 'replaced 1 4@100', '100:6 |'],
      ['sell 3 3@100', 'accepted 3 3@100; trade 2@100 2<3; trade 1@100 1<3', '100:3 |'],
    ],
  },
  {
    invariant: 4,
    name: 'after a partial fill, replace and cancel know what is left',
    steps: [
      ['sell 1 10@100', 'accepted 1 10@100', '| 100:10'],
      ['buy 2 4@100', 'accepted 2 4@100; trade 4@100 1<2', '| 100:6'],
      ['replace 1 5@101', 'replaced 1 5@101', '| 101:5'],
      ['buy 3 2@101', 'accepted 3 2@101; trade 2@101 1<3', '| 101:3'],
      ['cancel 1', 'cancelled 1 3@101', '|'],
    ],
  },
  {
    invariant: 4,
    name: 'a pure decrease that asks for it keeps its place; an increase does not',
    steps: [
      ['buy 1 5@100', 'accepted 1 5@100', '100:5 |'],
      ['buy 2 5@100', 'accepted 2 5@100', '100:10 |'],
      ['replace 1 2@100 keep', 'replaced 1 2@100', '100:7 |'],
      ['sell 3 1@100', 'accepted 3 1@100; trade 1@100 1<3', '100:6 |'],
      ['replace 1 3@100 keep', 'replaced 1 3@100', '100:8 |'],
      ['sell 4 6@100', 'accepted 4 6@100; trade 5@100 2<4; trade 1@100 1<4', '100:2 |'],
    ],
  },
  {
    invariant: 5,
    name: 'cancel and replace of what does not rest are refused, also on an empty book',
    steps: [
      ['cancel 7', 'no-cancel 7', '|'],
      ['replace 7 1@1', 'no-replace 7', '|'],
      ['sell 1 1@100', 'accepted 1 1@100', '| 100:1'],
      ['buy 2 1@100', 'accepted 2 1@100; trade 1@100 1<2', '|'],
      ['cancel 1', 'no-cancel 1', '|'],
      ['replace 1 1@99', 'no-replace 1', '|'],
      ['cancel 2', 'no-cancel 2', '|'],
      ['buy 3 1@50', 'accepted 3 1@50', '50:1 |'],
      ['cancel 3', 'cancelled 3 1@50', '|'],
      ['cancel 3', 'no-cancel 3', '|'],
      ['replace 3 1@50', 'no-replace 3', '|'],
    ],
  },
  {
    invariant: 6,
    name: 'an id is free again after a cancel and after a complete fill, and not before',
    steps: [
      ['buy 1 1@100', 'accepted 1 1@100', '100:1 |'],
      ['buy 1 1@101', 'refused 1 duplicate', '100:1 |'],
      ['cancel 1', 'cancelled 1 1@100', '|'],
      ['sell 1 2@105', 'accepted 1 2@105', '| 105:2'],
      ['buy 2 2@105', 'accepted 2 2@105; trade 2@105 1<2', '|'],
      ['buy 1 3@99', 'accepted 1 3@99', '99:3 |'],
      ['buy 2 3@98', 'accepted 2 3@98', '99:3 98:3 |'],
    ],
  },
  {
    invariant: 7,
    name: 'price before time, then time; a partly consumed maker stays at the front between takers',
    steps: [
      ['sell 1 4@100', 'accepted 1 4@100', '| 100:4'],
      ['sell 2 4@100', 'accepted 2 4@100', '| 100:8'],
      ['sell 3 1@99', 'accepted 3 1@99', '| 99:1 100:8'],
      ['buy 4 2@100', 'accepted 4 2@100; trade 1@99 3<4; trade 1@100 1<4', '| 100:7'],
      ['buy 5 1@100', 'accepted 5 1@100; trade 1@100 1<5', '| 100:6'],
      ['buy 6 3@100', 'accepted 6 3@100; trade 2@100 1<6; trade 1@100 2<6', '| 100:3'],
    ],
  },
  {
    invariant: 8,
    name: 'both directions print at the price of the maker',
    steps: [
      ['sell 1 1@100', 'accepted 1 1@100', '| 100:1'],
      ['buy 2 1@120', 'accepted 2 1@120; trade 1@100 1<2', '|'],
      ['buy 3 1@100', 'accepted 3 1@100', '100:1 |'],
      ['sell 4 1@80', 'accepted 4 1@80; trade 1@100 3<4', '|'],
    ],
  },
  {
    invariant: 9,
    name: 'cancelling the last order of the best level moves the best at once',
    steps: [
      ['buy 1 1@100', 'accepted 1 1@100', '100:1 |'],
      ['buy 2 1@98', 'accepted 2 1@98', '100:1 98:1 |'],
      ['sell 3 1@110', 'accepted 3 1@110', '100:1 98:1 | 110:1'],
      ['sell 4 1@115', 'accepted 4 1@115', '100:1 98:1 | 110:1 115:1'],
      ['cancel 1', 'cancelled 1 1@100', '98:1 | 110:1 115:1'],
      ['cancel 3', 'cancelled 3 1@110', '98:1 | 115:1'],
      ['sell 5 1@99', 'accepted 5 1@99', '98:1 | 99:1 115:1'],
      ['cancel 5', 'cancelled 5 1@99', '98:1 | 115:1'],
      ['buy 6 1@114 post', 'accepted 6 1@114', '114:1 98:1 | 115:1'],
    ],
  },
  {
    invariant: 10,
    name: 'a partly filled immediate order leaves nothing; neither does one without a counterpart',
    steps: [
      ['sell 1 2@100', 'accepted 1 2@100', '| 100:2'],
      ['buy 2 5@100 ioc', 'accepted 2 5@100; trade 2@100 1<2; cancelled 2 3@100', '|'],
      ['sell 3 5@100 ioc', 'accepted 3 5@100; cancelled 3 5@100', '|'],
      ['cancel 2', 'no-cancel 2', '|'],
    ],
  },
  {
    invariant: 10,
    name: 'fill-or-kill fills wholly or changes nothing; post-only never takes',
    steps: [
      ['sell 1 2@100', 'accepted 1 2@100', '| 100:2'],
      ['sell 2 2@101', 'accepted 2 2@101', '| 100:2 101:2'],
      ['buy 3 5@101 fok', 'refused 3 not-fillable', '| 100:2 101:2'],
      ['buy 3 3@100 fok', 'refused 3 not-fillable', '| 100:2 101:2'],
      ['buy 4 1@100 post', 'refused 4 would-match', '| 100:2 101:2'],
      ['buy 4 1@99 post', 'accepted 4 1@99', '99:1 | 100:2 101:2'],
      ['replace 4 1@100 post', 'no-replace 4', '99:1 | 100:2 101:2'],
      ['buy 5 4@101 fok', 'accepted 5 4@101; trade 2@100 1<5; trade 2@101 2<5', '99:1 |'],
      ['sell 6 1@99 post', 'refused 6 would-match', '99:1 |'],
    ],
  },
  {
    invariant: 11,
    name: 'prices at both ends of the range, quantities at the upper end and ids above 2^32',
    steps: [
      ['buy 1 2147483647@1', 'accepted 1 2147483647@1', '1:2147483647 |'],
      ['buy 2 2147483647@1', 'accepted 2 2147483647@1', '1:4294967294 |'],
      ['sell 3 5@2147483646', 'accepted 3 5@2147483646', '1:4294967294 | 2147483646:5'],
      ['sell 4294967297 1@2147483645', 'accepted 4294967297 1@2147483645', '1:4294967294 | 2147483645:1 2147483646:5'],
      ['cancel 1', 'cancelled 1 2147483647@1', '1:2147483647 | 2147483645:1 2147483646:5'],
      ['cancel 4294967299', 'no-cancel 4294967299', '1:2147483647 | 2147483645:1 2147483646:5'],
      ['cancel 4294967297', 'cancelled 4294967297 1@2147483645', '1:2147483647 | 2147483646:5'],
      [
        'buy 9007199254740991 5@2147483646',
        'accepted 9007199254740991 5@2147483646; trade 5@2147483646 3<9007199254740991',
        '1:2147483647 |',
      ],
      ['sell 4 2147483647@1', 'accepted 4 2147483647@1; trade 2147483647@1 2<4', '|'],
    ],
  },
  {
    invariant: 12,
    name: 'three lots less one less two leave no level behind; what is no number never gets here',
    steps: [
      ['sell 1 3@100', 'accepted 1 3@100', '| 100:3'],
      ['buy 2 1@100', 'accepted 2 1@100; trade 1@100 1<2', '| 100:2'],
      ['buy 3 2@100', 'accepted 3 2@100; trade 2@100 1<3', '|'],
    ],
  },
];
