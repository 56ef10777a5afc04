import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { Disk, DiskFile } from './disk.ts';

/** The real disk by calls that block: for a thread that has nothing else to do. */
export const blockingDisk: Disk = {
  list: async (directory) => readdirSync(directory),
  read: async (path) => readFileSync(path),
  open: async (path) => file(openOrCreate(path)),
  rename: async (from, to) => renameSync(from, to),
  remove: async (path) => unlinkSync(path),
  syncDirectory: async (directory) => {
    const descriptor = openSync(directory, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  },
};

function file(descriptor: number): DiskFile {
  return {
    write: async (bytes, position) => {
      // A write may be cut short without an error, at a signal or at a nearly full disk.
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
      }
    },
    datasync: async () => fdatasyncSync(descriptor),
    truncate: async (length) => ftruncateSync(descriptor, length),
    close: async () => closeSync(descriptor),
  };
}

function openOrCreate(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return openSync(path, 'wx+', 0o640);
  }
}
