import type { Transport, TransportRequest } from '../../kube/transport.ts';
import type { ApiServerModel } from '../model/index.ts';

/** The server's end of a connection: decides at once. */
export interface Server {
  /** Throws what the server refuses. `sentAt`: when the process sent it, in monotonic milliseconds. */
  handle(request: TransportRequest, sentAt: number): unknown;
  watch(request: Parameters<Transport['stream']>[0], signal: AbortSignal): AsyncIterable<Buffer>;
}

export function serverOf(model: ApiServerModel, user: string): Server {
  return {
    handle: (request) => model.handle({ ...request, user }),
    watch: (request, signal) => model.watch(request, signal),
  };
}
