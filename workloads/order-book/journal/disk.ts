import { type FileHandle, open, readdir, readFile, rename, unlink } from 'node:fs/promises';

/** An open file of the journal. Each call is one operation that can fail by itself, so that tests can let it. */
export interface DiskFile {
  /** Writes all of `bytes` at `position`. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** fdatasync(2): content and length are on stable storage when it resolves. */
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** The operations that the journal and the snapshots need from a file system. */
export interface Disk {
  list(directory: string): Promise<string[]>;
  read(path: string): Promise<Uint8Array>;
  /** Creates the file, or opens it as it is. */
  open(path: string): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals in `directory` durable. */
  syncDirectory(directory: string): Promise<void>;
}

export const disk: Disk = {
  list: (directory) => readdir(directory),
  read: (path) => readFile(path),
  open: async (path) => {
    const handle = await openOrCreate(path);
    return {
      write: async (bytes, position) => {
        // A write may be cut short without an error, at a signal or at a nearly full disk.
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
          done += bytesWritten;
        }
      },
      datasync: () => handle.datasync(),
      truncate: (length) => handle.truncate(length),
      close: () => handle.close(),
    };
  },
  rename,
  remove: unlink,
  syncDirectory: async (directory) => {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

async function openOrCreate(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return open(path, 'wx+', 0o640);
  }
}

/** The disk or the quota is full: nothing is wrong with what is written already. */
export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** This user may not write there, or nobody may. */
export function isForbidden(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return ['EACCES', 'EPERM', 'EROFS'].includes(code);
}
