import { readFile } from 'node:fs/promises';
import { type AuthConfig, parseAuthConfig, UsageError } from '@sluice/kit';
import { parse } from 'yaml';
import type { SymbolConfig } from './exchange/command.ts';
import { DecimalStep } from './exchange/decimal.ts';
import { parseRisk, RISK_FIELDS, type RiskRule } from './risk-config.ts';

/** The file given by `--symbols`: what is traded, what one account may do, and whose tokens are asked for. */
export interface BookConfig {
  readonly symbols: readonly SymbolConfig[];
  readonly limits: AccountLimits;
  /** Pre-trade limits in single symbols. */
  readonly risk?: readonly RiskRule[];
  /** Accounts with limits of their own. */
  readonly accounts?: ReadonlyMap<string, OwnLimits>;
  /** As in `spec.auth`; absent: no token is asked, unless flags say so. */
  readonly auth: AuthConfig | undefined;
}

export interface AccountLimits {
  /** Open orders of one account, 1 … 1,000,000. */
  readonly maxOrdersPerAccount: number;
  /** Commands of one account per second, 1 … 1,000,000. */
  readonly ordersPerSecondPerAccount: number;
}

/** What one account may do; where a field is absent, what all may. */
export interface OwnLimits {
  readonly maxOrders?: number;
  readonly ordersPerSecond?: number;
}

const DEFAULT_LIMITS: AccountLimits = { maxOrdersPerAccount: 10_000, ordersPerSecondPerAccount: 1_000 };
const MAX_SYMBOLS = 256;
const MAX_ACCOUNTS = 10_000;
const NAME = /^[A-Z0-9]+([._-][A-Z0-9]+)*$/;
const STEP = /^(0|[1-9]\d{0,8})(\.\d{1,9})?$/;

/** Reads and checks the file. Throws a UsageError that names the first wrong place. */
export async function readSymbols(path: string): Promise<BookConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--symbols ${path} cannot be read (${code}): give a YAML file with a list "symbols"`);
  }
  try {
    return parseSymbols(text);
  } catch (error) {
    // The YAML parser appends the line itself, which is there to be seen in the file.
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split(/:?\n/);
    throw new UsageError(`--symbols ${path}: ${reason}`);
  }
}

/** Exported for tests. Throws an Error that names the first wrong place. */
export function parseSymbols(text: string): BookConfig {
  const document = fields(parse(text), 'the file', ['symbols', 'limits', 'accounts', 'auth']);
  if (!Array.isArray(document.symbols) || document.symbols.length === 0 || document.symbols.length > MAX_SYMBOLS) {
    throw new Error(`symbols must be a list of 1 to ${MAX_SYMBOLS}`);
  }
  const symbols = document.symbols.map((value, index) => symbol(value, `symbols[${index}]`));
  for (const [index, { name }] of symbols.entries()) {
    if (symbols.findIndex((other) => other.name === name) !== index) throw new Error(`symbol ${name} is listed twice`);
  }
  const everybody = document.symbols.flatMap((value, index) =>
    riskOfAll(value, symbols[index], `symbols[${index}].risk`),
  );
  const { accounts, rules } = accountsOf(document.accounts ?? [], symbols);
  return {
    symbols,
    risk: [...everybody, ...rules],
    accounts,
    limits: document.limits === undefined ? DEFAULT_LIMITS : limits(document.limits),
    auth: document.auth === undefined ? undefined : parseAuthConfig(document.auth),
  };
}

function symbol(value: unknown, where: string): SymbolConfig {
  const { name, tickSize, lotSize } = fields(value, where, ['name', 'tickSize', 'lotSize', 'risk']);
  if (typeof name !== 'string' || name.length > 32 || !NAME.test(name)) {
    throw new Error(`${where}.name must be 1 to 32 upper-case letters and digits with "-", "." or "_" between them`);
  }
  return { name, tickSize: step(tickSize, `${where}.tickSize`), lotSize: step(lotSize, `${where}.lotSize`) };
}

function riskOfAll(value: unknown, symbol: SymbolConfig | undefined, where: string): RiskRule[] {
  const { risk } = value as { risk?: unknown };
  if (risk === undefined || symbol === undefined) return [];
  return [{ account: '', symbol: symbol.name, limits: parseRisk(fields(risk, where, RISK_FIELDS), symbol, where) }];
}

function accountsOf(value: unknown, symbols: readonly SymbolConfig[]) {
  if (!Array.isArray(value) || value.length > MAX_ACCOUNTS) {
    throw new Error(`accounts must be a list of at most ${MAX_ACCOUNTS}`);
  }
  const accounts = new Map<string, OwnLimits>();
  const rules: RiskRule[] = [];
  for (const [index, entry] of value.entries()) {
    const where = `accounts[${index}]`;
    const given = fields(entry, where, ['name', 'maxOrders', 'ordersPerSecond', 'risk']);
    const { name, risk = [] } = given;
    if (typeof name !== 'string' || name === '' || name.length > 256 || !name.isWellFormed()) {
      throw new Error(`${where}.name must be an account: 1 to 256 characters`);
    }
    if (accounts.has(name)) throw new Error(`${where}: account ${name} is listed twice`);
    const maxOrders = optionalWhole(given.maxOrders, `${where}.maxOrders`);
    const ordersPerSecond = optionalWhole(given.ordersPerSecond, `${where}.ordersPerSecond`);
    accounts.set(name, {
      ...(maxOrders !== undefined && { maxOrders }),
      ...(ordersPerSecond !== undefined && { ordersPerSecond }),
    });
    if (!Array.isArray(risk)) throw new Error(`${where}.risk must be a list`);
    for (const [place, one] of risk.entries())
      rules.push(ownRule(one, name, symbols, rules, `${where}.risk[${place}]`));
  }
  return { accounts, rules };
}

function ownRule(
  value: unknown,
  account: string,
  symbols: readonly SymbolConfig[],
  earlier: readonly RiskRule[],
  where: string,
): RiskRule {
  const { symbol: name, ...given } = fields(value, where, ['symbol', ...RISK_FIELDS]);
  const symbol = symbols.find((candidate) => candidate.name === name);
  if (symbol === undefined) throw new Error(`${where}.symbol must be the name of a symbol of this file`);
  if (earlier.some((rule) => rule.account === account && rule.symbol === name)) {
    throw new Error(`${where}: symbol ${symbol.name} is listed twice`);
  }
  return { account, symbol: symbol.name, limits: parseRisk(given, symbol, where) };
}

/** A number without quotes would have passed through a float already: 0.1 stays 0.1, but nobody can tell. */
function step(value: unknown, where: string): string {
  const expected = `${where} must be a positive decimal number in quotes with at most 9 digits on each side of the point, such as "0.01"`;
  if (typeof value !== 'string' || !STEP.test(value) || !/[1-9]/.test(value)) throw new Error(expected);
  return new DecimalStep(value).text;
}

function limits(value: unknown): AccountLimits {
  const given = fields(value, 'limits', ['maxOrdersPerAccount', 'ordersPerSecondPerAccount']);
  const whole = (name: keyof AccountLimits): number =>
    optionalWhole(given[name], `limits.${name}`) ?? DEFAULT_LIMITS[name];
  return {
    maxOrdersPerAccount: whole('maxOrdersPerAccount'),
    ordersPerSecondPerAccount: whole('ordersPerSecondPerAccount'),
  };
}

function optionalWhole(value: unknown, where: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 1_000_000) return value;
  throw new Error(`${where} must be a whole number from 1 to 1000000`);
}

function fields<Name extends string>(value: unknown, where: string, known: readonly Name[]): Record<Name, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${where} must be a map of ${list(known)}`);
  const unknown = Object.keys(value).find((key) => !known.some((name) => name === key));
  if (unknown !== undefined) throw new Error(`${where} has no field "${unknown}": it has ${list(known)}`);
  return value as Record<Name, unknown>;
}

function list(names: readonly string[]): string {
  return names.join(', ').replace(/, ([^,]*)$/, ' and $1');
}
