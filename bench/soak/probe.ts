/**
 * Loaded before the operator's bundle by `node --import`: answers each message of the parent with what this process holds
 * after a garbage collection. The bundle itself is not changed for it.
 */

/** What a process holds. Handles are those that Node would wait for before it ends: sockets, timers, servers. */
export interface Holdings {
  readonly rssMb: number;
  readonly heapMb: number;
  /** Memory of buffers, outside the heap. */
  readonly buffersMb: number;
  readonly sockets: number;
  readonly timers: number;
  readonly handles: number;
}

const MB = 2 ** 20;

function holdings(): Holdings {
  // Twice: what the first one finalises, the second one frees.
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const count = (kind: RegExp): number => resources.filter((name) => kind.test(name)).length;
  return {
    rssMb: rss / MB,
    heapMb: heapUsed / MB,
    buffersMb: (external + arrayBuffers) / MB,
    sockets: count(/^(TCP|TLS)/),
    timers: count(/^(Timeout|Immediate)$/),
    handles: resources.length,
  };
}

process.on('message', () => process.send?.(holdings()));
// Or the channel to the parent would keep the process from ending.
process.channel?.unref();
