import { AppDeployment } from '@sluice/api';
import type { KubeClient } from '@sluice/runtime';
import { type AppOutcome, deployApps } from '../../cli/deploy-apps.ts';
import {
  type HeldConnections,
  type HoldLedger,
  holdConnections,
} from '../../workloads/node-app/load/hold-connections.ts';
import type { Step } from '../screen/screen.ts';
import { exactly, type Figure, told } from './figures.ts';
import type { NodeWatch } from './nodes.ts';
import { demoNamespace, urls } from './places.ts';

export const apps = ['go-app', 'node-app'] as const;
/** A demo rolls to the first version that neither app runs: back and forth between the first two, unless somebody else rolls. */
export const versions = ['1.0.0', '2.0.0', '3.0.0'] as const;

/** 25 connections to each app. A slow request is under way when the rollout starts and ends after the new pods serve. */
const held = { webSockets: 10, eventStreams: 10, slowRequests: 5, slowSeconds: 15 } as const;
/** The old pods stay held so long after the new ones have taken over: that nothing breaks is then no accident. */
const lingerMs = 5000;
const silenceMs = 15_000;
const releaseMs = 60_000;
const takeOverDeadlineMs = 180_000;

/** First deployment of both apps; does nothing when they are there. */
export async function deployFirst(client: KubeClient, step: Step): Promise<void> {
  const current = await currentVersions(client);
  if (current.every((version) => version !== undefined)) return;
  const failed = (await roll(versions[0], step)).find(({ succeeded }) => succeeded !== true);
  if (failed) throw new Error(`${failed.app}: ${failed.line}`);
}

/** Rolls both apps to another version while connections to the present one are held, and counts what broke. */
export async function rollWhileHeld(client: KubeClient, nodes: NodeWatch, step: Step): Promise<Figure[]> {
  const current = await currentVersions(client);
  const next = versions.find((version) => !current.includes(version)) ?? versions[0];
  step.update('opening 50 connections');
  const connections = await Promise.all([
    holdConnections({ baseUrl: urls.goApp, ...held }),
    holdConnections({ baseUrl: urls.nodeApp, ...held }),
  ]);
  const rollout = roll(next, step, () => openSummary(connections));
  // Whatever goes wrong below, nobody else waits for this promise yet.
  rollout.catch(() => undefined);
  await newPodsServe(client, next);
  // A stream that a lost node took along is noticed by its silence, which takes longer.
  await new Promise((settle) => setTimeout(settle, nodes.lost().length > 0 ? silenceMs : lingerMs));
  const ledgers = await Promise.all(connections.map((one) => one.release(releaseMs)));
  const outcomes = await rollout;
  step.done(`${current.join(' and ')} → ${next}`);
  return [...heldFigures(ledgers, nodes), ...outcomes.map((outcome) => outcomeFigure(outcome, nodes))];
}

/** What the resource says of the same rollout: the other side of the ledger. */
function outcomeFigure({ app, succeeded, line }: AppOutcome, nodes: NodeWatch): Figure {
  return { what: `${app} (its status)`, value: line, right: succeeded === true || nodes.lost().length > 0 };
}

function roll(version: string, step: Step, more: () => string = () => ''): Promise<AppOutcome[]> {
  return deployApps({ apps, version, namespace: demoNamespace, report: (line) => step.update(`${line}${more()}`) });
}

async function currentVersions(client: KubeClient): Promise<(string | undefined)[]> {
  const found = await Promise.all(apps.map((name) => client.get(AppDeployment, { namespace: demoNamespace, name })));
  return found.map((app) => app?.spec.version);
}

/** All pods of the new revision are ready; the old ones drain, or are gone. */
async function newPodsServe(client: KubeClient, version: string): Promise<void> {
  const until = performance.now() + takeOverDeadlineMs;
  for (const name of apps) {
    while (!(await servesOnly(client, name, version))) {
      if (performance.now() > until)
        throw new Error(`${name} ${version} did not take over within ${takeOverDeadlineMs / 1000} s`);
      await new Promise((settle) => setTimeout(settle, 500));
    }
  }
}

async function servesOnly(client: KubeClient, name: string, version: string): Promise<boolean> {
  const app = await client.get(AppDeployment, { namespace: demoNamespace, name });
  const [newest, ...older] = app?.status?.revisions ?? [];
  return (
    newest?.version === version &&
    newest.readyReplicas === app?.spec.replicas &&
    older.every(({ replicas }) => replicas === 0)
  );
}

function openSummary(connections: readonly HeldConnections[]): string {
  const ledgers = connections.map((one) => one.ledger());
  const open = ledgers.reduce((sum, ledger) => sum + ledger.open, 0);
  const broken = ledgers.reduce((sum, ledger) => sum + ledger.broken.length, 0);
  return `; held ${open}, broken ${broken}`;
}

function heldFigures(ledgers: readonly HoldLedger[], nodes: NodeWatch): Figure[] {
  const broken = ledgers.flatMap((ledger) => ledger.broken);
  const lost = broken.filter(({ pod }) => nodes.lostPod(pod));
  const expected = apps.length * (held.webSockets + held.eventStreams + held.slowRequests);
  const figures = [
    exactly(
      'connections held over both rollouts',
      ledgers.reduce((sum, { opened }) => sum + opened, 0),
      expected,
    ),
    exactly('connections broken', broken.length - lost.length, 0),
  ];
  if (lost.length > 0) figures.push(told(`connections lost with ${nodes.lost().join(', ')}`, lost.length));
  return figures;
}
