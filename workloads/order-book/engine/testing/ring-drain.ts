import { workerData } from 'node:worker_threads';
import { RingReader } from '../report-ring.ts';

// Reads a ring to its end and does nothing with it.
const ring = new RingReader(workerData as SharedArrayBuffer);
while (ring.take() !== undefined) ring.release();
