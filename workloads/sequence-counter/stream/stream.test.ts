import { X509Certificate } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { connect, createSecureContext } from 'node:tls';
import { CodedError } from '@sluice/kit';
import { systemClock } from '@sluice/runtime/clock';
import { createLogger } from '@sluice/runtime/telemetry';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { splitRanges, valuesOf } from '../core/value.ts';
import { counterErrors } from '../errors.ts';
import type { Grant } from '../gateway/dispenser.ts';
import { createFrameDecoder, encodeFrame } from './frames.ts';
import { HolderLink } from './holder-link.ts';
import { createProcessKey, pinOf } from './key-pair.ts';
import { createPeerServer, type PeerServer } from './peer-server.ts';

const log = createLogger('test', 'silent');
const holderKey = createProcessKey('counter-0');
const peerKey = createProcessKey('counter-1');
const step = 5n;

it('every certificate can be loaded, however long its signature came out, and carries the key of its pin', () => {
  for (let index = 0; index < 300; index += 1) {
    const { key, certificate, pin } = createProcessKey(`counter-${'x'.repeat(index % 60)}`);
    const loaded = new X509Certificate(certificate);
    expect(pinOf(loaded.publicKey)).toBe(pin);
    expect(loaded.verify(loaded.publicKey)).toBe(true);
    createSecureContext({ key, cert: certificate });
  }
});

describe('frames', () => {
  it('arrive whole however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.integer({ min: 1, max: 9 }), (messages, size) => {
        const received: unknown[] = [];
        const decode = createFrameDecoder((message) => received.push(message));
        const bytes = Buffer.concat(messages.map(encodeFrame));
        for (let at = 0; at < bytes.length; at += size) decode(bytes.subarray(at, at + size));
        expect(received).toEqual(JSON.parse(JSON.stringify(messages)));
      }),
    );
  });

  it('are refused before they fill the memory', () => {
    const decode = createFrameDecoder(() => undefined);
    expect(() => decode(Buffer.from([0x7f, 0xff, 0xff, 0xff]))).toThrow(RangeError);
  });
});

it('ranges are shared out without loss, overlap or change of order', () => {
  const ranges = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(ranges, fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 8 }), (counts, sizes) => {
      const source = counts.map((count, index) => ({ first: BigInt(index) * 1_000n, count }));
      const shares = splitRanges(source, sizes, step);
      const fits = counts.reduce((a, b) => a + b, 0) === sizes.reduce((a, b) => a + b, 0);
      expect(shares !== undefined).toBe(fits);
      if (shares === undefined) return;
      expect(shares.map((share) => valuesOf(share, step).length)).toEqual(sizes);
      expect(valuesOf(shares.flat(), step)).toEqual(valuesOf(source, step));
    }),
  );
});

describe('a replica and the holder', () => {
  let server: PeerServer | undefined;
  let link: HolderLink | undefined;
  let next = 0n;
  let serve: (counter: string, count: number) => Promise<Grant | undefined>;
  const asked: number[] = [];
  const events = { changed: vi.fn(), lost: vi.fn(), released: vi.fn() };

  let port = 0;

  /** `published`: what stands in the Lease of the replica; `pinned`: what stands in the ledger. */
  async function start(published: string | undefined = peerKey.pin, pinned = holderKey.pin): Promise<HolderLink> {
    next = 0n;
    asked.length = 0;
    serve = async (_counter, count) => {
      asked.push(count);
      const first = next;
      next += BigInt(count) * step;
      return { ranges: [{ first, count }], epoch: 3n };
    };
    for (const mock of Object.values(events)) mock.mockReset();
    server = createPeerServer({
      log,
      key: holderKey,
      expectedPin: async (pod) => (pod === 'counter-1' && published !== '' ? published : undefined),
      serve: (counter, count) => serve(counter, count),
    });
    port = await server.listen(0, '127.0.0.1');
    link = new HolderLink({
      clock: systemClock,
      log,
      key: peerKey,
      pod: 'counter-1',
      stepOf: () => step,
      silenceMs: 200,
      onChange: events.changed,
      onLost: events.lost,
      onReleased: events.released,
    });
    link.follow({ address: `127.0.0.1:${port}`, pin: pinned });
    return link;
  }

  afterEach(async () => {
    link?.close();
    await server?.close();
  });

  it('send one sum per turn of the loop, and everybody gets numbers of their own', async () => {
    const holder = await connected();
    const grants = await Promise.all([1, 3, 2, 1].map((count) => holder.ask('default', count)));
    expect(asked).toEqual([7]);
    const values = grants.map((grant) => valuesOf(grant?.ranges ?? [], step).map(Number));
    expect(values).toEqual([[0], [5, 10, 15], [20, 25], [30]]);
    expect(grants.every((grant) => grant?.epoch === 3n)).toBe(true);
  });

  async function connected(): Promise<HolderLink> {
    const started = await start();
    await vi.waitFor(() => expect(started.connected).toBe(true));
    return started;
  }

  it('pass on what no other replica would mend, and ask again for the rest', async () => {
    const holder = await connected();
    serve = async () => undefined;
    expect(await holder.ask('default', 1)).toBeUndefined();
    serve = async () => {
      throw new CodedError(counterErrors.exhausted, 'Used up.');
    };
    await expect(holder.ask('default', 1)).rejects.toMatchObject({ code: 'SLUICE_COUNTER_EXHAUSTED', status: 410 });
    serve = async () => {
      throw new Error('a bug');
    };
    expect(await holder.ask('default', 1)).toBeUndefined();
  });

  it('end a connection on which an ask stays without an answer, as to a paused process', async () => {
    const holder = await connected();
    serve = () => new Promise(() => undefined);
    expect(await holder.ask('default', 1)).toBeUndefined();
    expect(events.lost).toHaveBeenCalled();
  });

  it('hear of a release, one of them as the successor', async () => {
    await connected();
    server?.announceRelease();
    await vi.waitFor(() => expect(events.released).toHaveBeenCalledWith(true));
  });

  it.each([
    ['a replica whose key is not the published one', holderKey.pin, holderKey.pin],
    ['a replica that published no key', '', holderKey.pin],
    ['a holder whose key is not the one in the ledger', peerKey.pin, peerKey.pin],
  ])('do not trust %s', async (_name, published, pinned) => {
    const started = await start(published, pinned);
    await vi.waitFor(() => expect(events.lost).toHaveBeenCalled());
    expect(started.connected).toBe(false);
    expect(await started.ask('default', 1)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('do not answer strangers: plain TCP, no certificate, no hello, two hellos', async () => {
    await start();
    const hello = encodeFrame({ hello: { pod: 'counter-1', protocol: 1 } });
    const ask = encodeFrame({ id: 1, asks: [['default', 1]] });
    const plain = connectTcp(port, '127.0.0.1');
    plain.on('connect', () => plain.write(hello));
    const encrypted = [[hello], [ask], [hello, hello]].map((frames) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
      socket.on('secureConnect', () => socket.write(Buffer.concat(frames)));
      return socket;
    });
    for (const socket of [plain, ...encrypted]) {
      socket.on('error', () => undefined);
      if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    }
    expect(asked).toEqual([]);
  });
});
