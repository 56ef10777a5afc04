import { expect, test } from 'vitest';
import { nextAction, type Observed } from './cluster.ts';
import { nodeNames } from './kind-config.ts';

const wanted = nodeNames('sluice');
const nodes = wanted.map((name) => ({ name, id: `id-${name}`, image: 'node:1', running: true }));
const up: Observed = { nodes, finished: true, ready: new Set(wanted) };

test.each<[string, Partial<Observed>, ReturnType<typeof nextAction>]>([
  ['everything is ready', {}, 'none'],
  ['there is nothing', { nodes: [], finished: false, ready: undefined }, 'create'],
  ['a worker stands still', { nodes: nodes.map((node, index) => ({ ...node, running: index !== 2 })) }, 'start'],
  [
    'all stand still after a reboot',
    { nodes: nodes.map((node) => ({ ...node, running: false })), ready: undefined },
    'start',
  ],
  ['the API server does not answer yet', { ready: undefined }, 'wait'],
  ['a node is not ready', { ready: new Set(wanted.slice(1)) }, 'wait'],
  ['a node is missing', { nodes: nodes.slice(1) }, 'replace'],
  [
    'there is a node too many',
    { nodes: [...nodes, { name: 'sluice-worker4', id: 'x', image: 'node:1', running: true }] },
    'replace',
  ],
  ['a creation was cut short', { finished: false, ready: undefined }, 'replace'],
  [
    'a creation was cut short and the machine went down',
    { finished: false, ready: undefined, nodes: nodes.map((node) => ({ ...node, running: false })) },
    'replace',
  ],
  ['somebody made the same cluster by hand', { finished: false }, 'none'],
])('%s', (_, seen, action) => {
  expect(nextAction({ ...up, ...seen }, wanted)).toBe(action);
});
