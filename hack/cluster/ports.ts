import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { ClusterError } from './errors.ts';
import { commandLine } from './process.ts';

interface Listener {
  readonly port: number;
  readonly inode: string;
}

const listening = '0A';
/** 127.0.0.1, any IPv4, any IPv6 and its IPv4 part, as /proc/net/tcp writes addresses. */
const loopbackHolders = new Set(['0100007F', '00000000', '0'.repeat(32), '0000000000000000FFFF00000100007F']);

/** Sockets in the text of /proc/net/tcp or tcp6 that keep others from listening on a port of 127.0.0.1. */
export function listenersIn(text: string): Listener[] {
  const found: Listener[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state === listening && loopbackHolders.has(address)) found.push({ port: Number.parseInt(port, 16), inode });
  }
  return found;
}

/** Rejects with SLUICE_PORT_TAKEN, naming the port and the process when it can be known, when a port is in use. */
export function checkPortsFree(ports: readonly number[]): void {
  const listeners = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => {
    try {
      return listenersIn(readFileSync(file, 'utf8'));
    } catch {
      return [];
    }
  });
  const taken = listeners.find(({ port }) => ports.includes(port));
  if (taken === undefined) return;
  const owner = processOf(taken.inode);
  const who = owner === undefined ? 'another program' : `${owner.name} (process ${owner.pid})`;
  throw new ClusterError(
    'SLUICE_PORT_TAKEN',
    `port ${taken.port} of 127.0.0.1 is taken by ${who}: the cluster needs ${ports.at(0)} to ${ports.at(-1)}`,
  );
}

/** The process that has a socket open; undefined when it is another user's. */
function processOf(inode: string): { readonly pid: number; readonly name: string } | undefined {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const holds = readdirSync(`/proc/${pid}/fd`).some(
        (fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`,
      );
      if (holds) return { pid: Number(pid), name: basename(commandLine(Number(pid)).split(' ')[0] ?? '') };
    } catch {
      // Gone meanwhile, or not ours to look into.
    }
  }
  return undefined;
}
