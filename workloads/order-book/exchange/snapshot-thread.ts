import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { inlineMore } from '../engine/tuning.ts';
import { blockingDisk } from '../journal/blocking-disk.ts';
import { writeSnapshot } from './replay.ts';
import type { SnapshotTask } from './snapshot-writer.ts';

/** The thread of `writeSnapshotAside`: one snapshot, then it ends. What goes wrong ends it with an error. */
const { directory, sequence, isUrgent } = workerData as SnapshotTask;
// Linux gives each thread a priority of its own; elsewhere this would be that of the process.
if (!isUrgent && process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW);
inlineMore();
parentPort?.postMessage(await writeSnapshot(blockingDisk, directory, sequence));
