import { afterEach, expect, test, vi } from 'vitest';
import { readFlags, UsageError } from './flags.ts';

afterEach(() => vi.unstubAllEnvs());

test('flags have defaults, and a flag wins over its environment variable', () => {
  vi.stubEnv('SLUICE_METRICS_PORT', '9191');
  vi.stubEnv('SLUICE_LOG_LEVEL', 'debug');
  vi.stubEnv('POD_NAMESPACE', 'sluice-system');
  const flags = readFlags(['--catalog', 'catalog.yaml', '--log-level', 'warn', '--leader-elect']);
  expect(flags).toMatchObject({
    catalog: 'catalog.yaml',
    metricsPort: 9191,
    logLevel: 'warn',
    leaderElect: true,
    namespace: 'sluice-system',
  });
});

test.each([
  ['no catalogue', [], /--catalog/],
  ['a port that is none', ['--catalog', 'c', '--metrics-port', '70000'], /port from 0 to 65535/],
  ['an unknown level', ['--catalog', 'c', '--log-level', 'loud'], /Allowed choices are trace/],
  ['an election without a namespace', ['--catalog', 'c', '--leader-elect'], /--leader-elect needs --namespace/],
  ['an unknown flag', ['--catalog', 'c', '--speed', '9'], /unknown option '--speed'/],
  ['a stray word', ['--catalog', 'c', 'now'], /too many arguments/],
])('%s is refused in one line', (_name, args, sentence) => {
  vi.stubEnv('POD_NAMESPACE', undefined);
  const refusal = (): unknown => readFlags(args);
  expect(refusal).toThrow(UsageError);
  expect(refusal).toThrow(sentence);
  expect(refusal).not.toThrow(/\n/);
});
