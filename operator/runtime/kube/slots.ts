/** A place among the requests that are under way, or in the queue for one. */
export interface Turn {
  /** Resolves when the request may go; undefined: at once. */
  readonly ready: Promise<void> | undefined;
  /** Gives the place back, also one in the queue. */
  release(): void;
}

/** Keeps the number of requests under way below a limit; what is too much waits in order. */
export interface Slots {
  /** `urgent` goes before all that is not: a Lease must not be lost behind a thousand reconciles. */
  take(urgent: boolean): Turn;
  readonly inFlight: number;
  readonly waiting: number;
}

/** `limit` is asked anew each time: the server may say how many streams it lets in, and watches take some of them. */
export function createSlots(limit: () => number): Slots {
  const urgentOnes = new Set<() => void>();
  const others = new Set<() => void>();
  let inFlight = 0;

  const admit = (): void => {
    while (inFlight < limit()) {
      const queue = urgentOnes.size > 0 ? urgentOnes : others;
      const [next] = queue;
      if (next === undefined) return;
      queue.delete(next);
      inFlight++;
      next();
    }
  };

  return {
    take(urgent) {
      let released = false;
      const release = (queued?: () => boolean) => (): void => {
        if (released) return;
        released = true;
        if (queued?.() === true) return;
        inFlight--;
        admit();
      };
      const ahead = urgentOnes.size + (urgent ? 0 : others.size);
      if (inFlight < limit() && ahead === 0) {
        inFlight++;
        return { ready: undefined, release: release() };
      }
      const queue = urgent ? urgentOnes : others;
      const { promise: ready, resolve } = Promise.withResolvers<void>();
      queue.add(resolve);
      return { ready, release: release(() => queue.delete(resolve)) };
    },
    get inFlight() {
      return inFlight;
    },
    get waiting() {
      return urgentOnes.size + others.size;
    },
  };
}
