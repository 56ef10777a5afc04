import { parentPort, workerData } from 'node:worker_threads';
import { inlineMore } from '../engine/tuning.ts';
import { blockingDisk } from '../journal/blocking-disk.ts';
import { writeSnapshot } from './replay.ts';
import type { SnapshotTask } from './snapshot-writer.ts';

/** The thread of `writeSnapshotAside`: one snapshot, then it ends. What goes wrong ends it with an error. */
const { directory, sequence } = workerData as SnapshotTask;
inlineMore();
parentPort?.postMessage(await writeSnapshot(blockingDisk, directory, sequence));
