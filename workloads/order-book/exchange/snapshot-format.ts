/**
 * Format 1 knew limit and market orders only, format 2 no numbers of accounts and wrote each account with each of its orders, format 3
 * wrote each order where the books and the list of closed orders name it. All are still read.
 *
 * Since format 4 all orders come first, by rising id, and are named by their places in that order. So the records of a loaded book lie
 * in memory by age, as in one that was never stopped: orders of one time are used at one time.
 */
export const FORMAT = 4;
/** How the client order id of an order is written. */
export const ClientIdKind = { none: 0, number: 1, text: 2 } as const;
