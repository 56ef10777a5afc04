import { codeNumber } from './codes.ts';

/** The only version there is. A client names the one it speaks; a server that does not speak it says so and hangs up. */
export const PROTOCOL_VERSION = 1;
export const MAGIC = 'SLOB';
/** magic, u8 version, u8 kind of credentials, u16 length of the credentials. */
export const HELLO_BYTES = 8;
/** magic, u8 version, u8 zero, u16 number of symbols, u32 window, u32 commands a second. */
export const WELCOME_BYTES = 16;
/** u16 number, u8 takes orders, u8 zero, name, tick size and lot size, padded with zeros. */
export const SYMBOL_BYTES = 76;
const NAME_BYTES = 32;
const STEP_BYTES = 20;
/** Longest credentials: what a token of the REST door may have. */
export const MAX_CREDENTIALS = 8_192;

export type Credentials =
  | { readonly kind: 'account'; readonly text: string }
  | { readonly kind: 'token'; readonly text: string };

const KINDS: readonly Credentials['kind'][] = ['account', 'token'];

/** Why a hello is refused. */
export interface BadHello {
  readonly code: number;
  readonly sentence: string;
}

export interface Welcome {
  /** Commands that may be under way at once; more are left in the socket until answers are out. */
  readonly window: number;
  /** Commands that the account may send per second, over all its connections and doors. */
  readonly commandsPerSecond: number;
  readonly symbols: readonly WelcomeSymbol[];
}

export interface WelcomeSymbol {
  /** What command frames call it. */
  readonly number: number;
  readonly name: string;
  readonly tickSize: string;
  readonly lotSize: string;
  /** False: its orders can be cancelled, and it takes no new ones. */
  readonly trading: boolean;
}

export function encodeHello({ kind, text }: Credentials, version = PROTOCOL_VERSION): Buffer {
  const length = Buffer.byteLength(text);
  const bytes = Buffer.alloc(HELLO_BYTES + length);
  bytes.write(MAGIC, 'latin1');
  bytes[4] = version;
  bytes[5] = KINDS.indexOf(kind);
  bytes.writeUInt16LE(length, 6);
  bytes.write(text, HELLO_BYTES);
  return bytes;
}

/**
 * Reads a hello from the first bytes of a connection: the credentials with the number of bytes they took, why they are wrong, or
 * undefined while more must come. It says no as soon as a byte is wrong, so that a stranger holds no memory.
 */
export function readHello(bytes: Buffer): { credentials: Credentials; length: number } | BadHello | undefined {
  const begin = bytes.toString('latin1', 0, Math.min(bytes.length, MAGIC.length));
  if (!MAGIC.startsWith(begin)) return bad('invalidFrame', `A connection begins with the four bytes "${MAGIC}".`);
  const version = bytes[4];
  if (version !== undefined && version !== PROTOCOL_VERSION) {
    return bad(
      'unsupportedVersion',
      `This book speaks version ${PROTOCOL_VERSION} of the protocol, not version ${version}.`,
    );
  }
  const kind = bytes[5] === undefined ? 'account' : KINDS[bytes[5]];
  if (kind === undefined) return bad('invalidFrame', 'Byte 5 of a hello is 0 (account name) or 1 (token).');
  if (bytes.length < HELLO_BYTES) return undefined;
  const length = bytes.readUInt16LE(6);
  if (length > MAX_CREDENTIALS) {
    return bad('invalidFrame', `Account name or token may have ${MAX_CREDENTIALS} bytes, not ${length}.`);
  }
  if (bytes.length < HELLO_BYTES + length) return undefined;
  const text = bytes.toString('latin1', HELLO_BYTES, HELLO_BYTES + length);
  return { credentials: { kind, text }, length: HELLO_BYTES + length };
}

function bad(name: 'invalidFrame' | 'unsupportedVersion', sentence: string): BadHello {
  return { code: codeNumber(name), sentence };
}

export function encodeWelcome({ window, commandsPerSecond, symbols }: Welcome): Buffer {
  const bytes = Buffer.alloc(WELCOME_BYTES + symbols.length * SYMBOL_BYTES);
  bytes.write(MAGIC, 'latin1');
  bytes[4] = PROTOCOL_VERSION;
  bytes.writeUInt16LE(symbols.length, 6);
  bytes.writeUInt32LE(window, 8);
  bytes.writeUInt32LE(commandsPerSecond, 12);
  for (const [index, { number, name, tickSize, lotSize, trading }] of symbols.entries()) {
    const at = WELCOME_BYTES + index * SYMBOL_BYTES;
    bytes.writeUInt16LE(number, at);
    bytes[at + 2] = trading ? 1 : 0;
    bytes.write(name, at + 4, NAME_BYTES, 'latin1');
    bytes.write(tickSize, at + 4 + NAME_BYTES, STEP_BYTES, 'latin1');
    bytes.write(lotSize, at + 4 + NAME_BYTES + STEP_BYTES, STEP_BYTES, 'latin1');
  }
  return bytes;
}

/** Reads a welcome; undefined while more must come. */
export function readWelcome(bytes: Buffer): { welcome: Welcome; length: number } | undefined {
  if (bytes.length < WELCOME_BYTES) return undefined;
  const count = bytes.readUInt16LE(6);
  const length = WELCOME_BYTES + count * SYMBOL_BYTES;
  if (bytes.length < length) return undefined;
  const text = (at: number, size: number): string => bytes.toString('latin1', at, at + size).replace(/\0+$/, '');
  const symbols = Array.from({ length: count }, (_, index) => {
    const at = WELCOME_BYTES + index * SYMBOL_BYTES;
    return {
      number: bytes.readUInt16LE(at),
      trading: bytes[at + 2] === 1,
      name: text(at + 4, NAME_BYTES),
      tickSize: text(at + 4 + NAME_BYTES, STEP_BYTES),
      lotSize: text(at + 4 + NAME_BYTES + STEP_BYTES, STEP_BYTES),
    };
  });
  const welcome = { window: bytes.readUInt32LE(8), commandsPerSecond: bytes.readUInt32LE(12), symbols };
  return { welcome, length };
}
