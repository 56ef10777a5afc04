import { expect, it } from 'vitest';
import { ByteReader } from './bytes.ts';
import { encodeCommand, readCommand } from './command.ts';
import { Exchange } from './exchange.ts';
import { decodeExchange, digest } from './snapshot.ts';

// Written by the version before stops, icebergs and auctions: one snapshot of format 1 and the commands that led to it.
const snapshot =
  'AQkAAAAAAAAABAAAAAAAAAAHAAAACQAAAAEABwBCVEMtRVVSBAAwLjAxBgAwLjAwMDECAAAAAAAAAAIAZAAAAAIAAAADAAAAAAAA' +
  'AAQAAAAAAAAAAegDAAAAAAAAZAAAAAEAAAADAAAAAAAAAAYAAAAAAAAAAegDAAAAAAAAAQAAAAMAAAAAAAAAAQBhAQB4AGIAAAAG' +
  'AAAAZAAAAAUAAAADAAAAAADoAwAAAAAAANAHAAAAAAAAAQAAAAUAAAAAAAAAAQBiAAARZwAAAAUAAABnAAAABQAAAAAAAAAAAOgD' +
  'AAAAAAAA6AMAAAAAAAADAAAAAAAEAAAAAAAAAAEAYgAAAWMAAAACAAAAYwAAAAIAAAACAAAAAQDoAwAAAAAAAOgDAAAAAAAAAAAG' +
  'AAAAAAAAAAEAYgAABwAAAAABAAAAAAAAAAEAAAABAAAAAQDoAwAAAAAAAOgDAAAAAAAAAAAIAAAAAAAAAAEAYQAAAGEAAAAFAAAA' +
  'YQAAAAUAAAAAAAAAAgHoAwAAAAAAALgLAAAAAAAA';
const commands =
  'AAcAQlRDLUVVUgQAMC4wMQYAMC4wMDAxAQcAAAAJAAAAAugDAAAAAAAAAQBhAQB4BwBCVEMtRVVSAGQAAAAFAAAAAugDAAAAAAAA' +
  'AQBiAAAHAEJUQy1FVVIBYwAAAAIAAAAC6AMAAAAAAAABAGIAAAcAQlRDLUVVUhFnAAAABQAAAALoAwAAAAAAAAEAYgAABwBCVEMt' +
  'RVVSBwAAAAABAAAABNAHAAAAAAAAAQBhAwAAAAAAAABiAAAABgAAAALoAwAAAAAAAAEAYQAABwBCVEMtRVVSAGEAAAAFAAAAA7gL' +
  'AAAAAAAAAQBhCAAAAAAAAAA=';

it('journals and snapshots of the first format give the same state', () => {
  const replayed = new Exchange();
  const bytes = new Uint8Array(Buffer.from(commands, 'base64'));
  const reader = new ByteReader(bytes);
  const written: Uint8Array[] = [];
  while (!reader.done) {
    const command = readCommand(reader);
    written.push(encodeCommand(command));
    replayed.apply(command, 4);
  }
  const restored = decodeExchange(new Uint8Array(Buffer.from(snapshot, 'base64')));
  expect(restored.sequence).toBe(9);
  expect(digest(restored)).toBe(digest(replayed));
  // What the first format could say is still written so that the version before can read it.
  expect(Buffer.concat(written).toString('base64')).toBe(commands);
});

it('a command or a snapshot of a later version is refused, not guessed', () => {
  expect(() => readCommand(new ByteReader(new Uint8Array([200])))).toThrow('start a version that does');
  expect(() => decodeExchange(new Uint8Array([4]))).toThrow('start a version that knows it');
});
