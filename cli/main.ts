/** `./deploy-apps go-app node-app [--version 2.0.0]`: the command around `deployApps`. */
import { systemClock } from '@sluice/runtime';
import { Command, CommanderError } from 'commander';
import { createScreen, type Step } from '../hack/screen/screen.ts';
import { type AppOutcome, defaultNamespace, deployApps } from './deploy-apps.ts';

const exitUsage = 2;
/** As a shell has it for a program ended by SIGINT. */
const exitInterrupted = 130;

interface Flags {
  readonly version?: string;
  readonly namespace: string;
  readonly context?: string;
  readonly wait: boolean;
}

const command = new Command('deploy-apps')
  .description('Builds apps of this repository, rolls them out and shows the drain of their old pods.')
  .argument('<apps...>', 'names of folders of workloads that have an app.yaml, such as go-app node-app')
  .option('--version <version>', 'version to build and roll out (default: 1.0.0)', version)
  .option('--namespace <name>', 'namespace of the AppDeployments', defaultNamespace)
  .option('--context <name>', 'kubeconfig context (default: kind-sluice)')
  .option('--no-wait', 'return when the resources are applied')
  .addHelpText('after', '\nEnds with 0 when every app runs the version alone and no connection was severed.')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'deploy-apps: ')) });

function version(text: string): string {
  if (/^[0-9A-Za-z]([0-9A-Za-z_.-]{0,38}[0-9A-Za-z])?$/.test(text)) return text;
  throw new CommanderError(exitUsage, 'version', `error: not a version for an image tag: ${text}`);
}

function parse(): { apps: string[]; flags: Flags } {
  try {
    command.parse();
    return { apps: command.args, flags: command.opts() };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'version') console.error(error.message.replace('error:', 'deploy-apps:'));
    process.exit(error.exitCode === 0 ? 0 : exitUsage);
  }
}

async function main(): Promise<number> {
  const { apps, flags } = parse();
  const screen = createScreen(systemClock, process.stdout);
  const steps = new Map<string, Step>(apps.map((app) => [app, screen.step(app)]));
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const report = (_line: string, byApp: ReadonlyMap<string, string>): void => {
    for (const [app, line] of byApp) steps.get(app)?.update(line);
  };
  let outcomes: AppOutcome[];
  try {
    outcomes = await deployApps({ ...flags, apps, report, signal: stop.signal });
  } catch (error) {
    for (const step of steps.values()) step.fail('');
    console.error(`deploy-apps: ${(error as Error).message}`);
    return 1;
  }
  for (const { app, succeeded, line } of outcomes) {
    if (succeeded === false) steps.get(app)?.fail(line);
    else if (succeeded || !flags.wait) steps.get(app)?.done(line);
  }
  if (stop.signal.aborted) {
    console.error(`The rollouts go on. To look again: kubectl -n ${flags.namespace} get appd -w`);
    return exitInterrupted;
  }
  return outcomes.some(({ succeeded }) => succeeded === false) ? 1 : 0;
}

process.exit(await main());
