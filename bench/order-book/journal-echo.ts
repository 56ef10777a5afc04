import { parentPort } from 'node:worker_threads';

/** A thread that answers every message at once: what is left of the journal's thread without a journal. */
parentPort?.on('message', (message: unknown) => parentPort?.postMessage(message));
