/** Bits of `flags` of an order. */
export const IMMEDIATE_OR_CANCEL = 1;
export const FILL_OR_KILL = 2;
export const POST_ONLY = 4;
/** `replace` at the same price with no more quantity keeps the order's place in its queue. */
export const KEEP_PRIORITY = 8;
/** The price is `marketPrice`: a band narrows it instead of refusing the order. */
export const MARKET = 16;

/** What happens when an order would trade with one of the same owner: one of these, or nothing. */
export const CANCEL_NEWEST = 32;
export const CANCEL_OLDEST = 64;
export const CANCEL_BOTH = 96;
export const DECREMENT = 128;
/** The bits of the four. */
export const SELF_TRADE = 224;
