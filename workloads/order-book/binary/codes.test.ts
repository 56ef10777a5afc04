import { expect, it } from 'vitest';
import { REFUSALS } from '../exchange/record.ts';
import { publishErrors } from '../gateway/route-errors.ts';
import { allCodes, codeNumber, errorOf, numberOfCode } from './codes.ts';

it('numbers never change: clients have them compiled in', () => {
  expect(allCodes().map(([number, { code }]) => `${number} ${code.slice('SLUICE_'.length)}`)).toMatchInlineSnapshot(`
    [
      "1 INVALID_FRAME",
      "2 UNSUPPORTED_VERSION",
      "3 FRAME_TIMEOUT",
      "4 SLOW_READER",
      "5 TOO_MANY_CONNECTIONS",
      "6 UNAUTHENTICATED",
      "7 KEYS_UNAVAILABLE",
      "8 INVALID_ACCOUNT",
      "9 STOPPING",
      "10 OVERLOADED",
      "11 RATE_LIMITED",
      "12 DISK_FULL",
      "13 JOURNAL_FAILED",
      "14 INTERNAL",
      "15 UNKNOWN_SYMBOL",
      "16 INVALID_TIME_IN_FORCE",
      "17 INVALID_POST_ONLY",
      "18 INVALID_SELF_TRADE",
      "19 INVALID_PRICE",
      "20 PRICE_OUT_OF_RANGE",
      "21 INVALID_QUANTITY",
      "22 QUANTITY_OUT_OF_RANGE",
      "23 INVALID_STOP",
      "24 INVALID_DISPLAY_QUANTITY",
      "25 INVALID_ORDER_ID",
      "26 INVALID_CLIENT_ORDER_ID",
      "27 INVALID_REQUEST",
      "28 DUPLICATE_CLIENT_ORDER_ID",
      "29 ORDER_NOT_FOUND",
      "30 ORDER_CLOSED",
      "31 QUANTITY_BELOW_FILLED",
      "32 WOULD_MATCH",
      "33 NOT_FILLABLE",
      "34 TOO_MANY_OPEN_ORDERS",
      "35 BOOK_FULL",
      "36 HALTED",
      "37 NOT_IN_AUCTION",
      "38 OUT_OF_BAND",
      "39 NO_LAST_PRICE",
      "40 BAD_PARTNER",
      "41 STOP_WAITING",
      "42 ACCOUNT_BLOCKED",
      "43 ALREADY_EXPIRED",
      "44 TOO_MANY_ACCOUNTS",
      "45 UNKNOWN_ACCOUNT",
      "46 INVALID_RECORD",
      "47 PUBLISH_BACKLOG",
      "48 ORDER_TOO_LARGE",
      "49 NOTIONAL_TOO_LARGE",
      "50 OPEN_NOTIONAL_TOO_LARGE",
      "51 PRICE_TOO_FAR",
      "52 WOULD_TRIGGER",
      "53 OUTBOX_FAILED",
    ]
  `);
});

it('each refusal of a command record has a number', () => {
  for (const refusal of REFUSALS) {
    if (refusal === undefined || refusal === 'symbolChanged') continue;
    expect(errorOf(codeNumber(refusal))?.code).toMatch(/^SLUICE_/);
  }
});

it('each reason to hold a command that could trade has a number', () => {
  for (const { code } of publishErrors) expect(errorOf(numberOfCode(code))?.code).toBe(code);
});

it('a code is found by its number and back; one without a number is told as SLUICE_INTERNAL', () => {
  for (const [number, { code }] of allCodes()) {
    expect(numberOfCode(code)).toBe(number);
    expect(errorOf(number)?.code).toBe(code);
  }
  expect(errorOf(numberOfCode('SLUICE_JOURNAL_GAP'))?.code).toBe('SLUICE_INTERNAL');
  expect([errorOf(0), errorOf(999)]).toEqual([undefined, undefined]);
});
