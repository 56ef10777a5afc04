/**
 * Format 1 knew limit and market orders only, format 2 no numbers of accounts and wrote each account with each of its orders. Both
 * are still read.
 */
export const FORMAT = 3;
/** How the client order id of an order is written. */
export const ClientIdKind = { none: 0, number: 1, text: 2 } as const;
