import { expect, test } from 'vitest';
import { layout } from './layout.ts';
import { checkMachine, isRecentGo, type Machine } from './requirements.ts';
import type { Path } from './state.ts';

const places = layout({ XDG_CACHE_HOME: '/home/a/.cache' });
const all = (1n << 41n) - 1n;
const root: Machine = {
  platform: 'linux',
  arch: 'x64',
  uid: 0,
  capabilities: all,
  userNamespace: false,
  cgroups: true,
  freeBytes: 50e9,
};
const built: Path = { engine: 'private', images: 'built' };
const pulled: Path = { engine: 'running', images: 'pulled' };

test('root on Linux with room is let through', () => {
  expect(() => checkMachine(built, root, places, false)).not.toThrow();
});

test('a user in the docker group needs neither root nor capabilities, on any architecture', () => {
  const user = { ...root, uid: 1000, capabilities: 0n, arch: 'arm64' };
  expect(() => checkMachine(pulled, user, places, false)).not.toThrow();
});

test.each([
  ['no root', { uid: 1000 }, 'SLUICE_NOT_PERMITTED', 'needs root'],
  ['no CAP_SYS_ADMIN', { capabilities: all & ~(1n << 21n) }, 'SLUICE_NOT_PERMITTED', 'CAP_SYS_ADMIN'],
  ['root of a rootless container', { userNamespace: true }, 'SLUICE_NOT_PERMITTED', 'user namespace'],
  ['a read-only cgroup folder', { cgroups: false }, 'SLUICE_NOT_PERMITTED', 'read-only'],
  ['another architecture', { arch: 'riscv64' }, 'SLUICE_NOT_SUPPORTED', 'linux on riscv64'],
  ['another system', { platform: 'darwin' }, 'SLUICE_NOT_SUPPORTED', 'darwin on x64'],
  ['little disk', { freeBytes: 3.2e9 }, 'SLUICE_DISK_FULL', '3.2 GB are free'],
] as const)('%s is said in one sentence', (_, lack, code, words) => {
  const check = (): void => checkMachine(built, { ...root, ...lack }, places, false);
  expect(check).toThrowError(expect.objectContaining({ code, message: expect.stringContaining(words) }));
  expect(check).toThrowError(/^[^\n]+$/);
});

test('a cluster that was made before needs less disk', () => {
  const machine = { ...root, freeBytes: 3.2e9 };
  expect(() => checkMachine(built, machine, places, false)).toThrow('3.2 GB are free');
  expect(() => checkMachine(built, machine, places, true)).not.toThrow();
});

test('a cache folder too deep for the engine’s socket is refused', () => {
  const deep = layout({ XDG_CACHE_HOME: `/${'x'.repeat(100)}` });
  expect(() => checkMachine(built, root, deep, false)).toThrowError('too long for a socket');
});

test.each([
  ['go1.26.4', true],
  ['go1.26.8', true],
  ['go1.27', true],
  ['go2.0', true],
  ['go1.26.3', false],
  ['go1.26', false],
  ['go1.19.8', false],
  ['devel', false],
])('Go %s is new enough: %s', (version, enough) => {
  expect(isRecentGo(version)).toBe(enough);
});
