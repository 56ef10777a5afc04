/** Messages between replicas: four bytes of length (big-endian), then JSON. */
const headerBytes = 4;
/** A frame of ten thousand asks stays far below this; anything longer is no peer of ours. */
const longestFrame = 1024 * 1024;

export function encodeFrame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  const frame = Buffer.allocUnsafe(headerBytes + body.length);
  frame.writeUInt32BE(body.length, 0);
  body.copy(frame, headerBytes);
  return frame;
}

/** Collects chunks of a stream and calls back with each whole message. Throws a RangeError on a frame that is too long. */
export function createFrameDecoder(onMessage: (message: unknown) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  return (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= headerBytes) {
      const length = pending.readUInt32BE(0);
      if (length > longestFrame) throw new RangeError(`a frame of ${length} bytes is too long`);
      if (pending.length < headerBytes + length) return;
      const body = pending.subarray(headerBytes, headerBytes + length);
      pending = pending.subarray(headerBytes + length);
      onMessage(JSON.parse(body.toString('utf8')));
    }
  };
}
