/** The two assets of a symbol; a name without parts has no quote. */
export function assetsOf(symbol: string): { readonly base: string; readonly quote: string } {
  const at = symbol.search(/[-._]/);
  return at < 0 ? { base: symbol, quote: '' } : { base: symbol.slice(0, at), quote: symbol.slice(at + 1) };
}
