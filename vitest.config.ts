import { defineConfig } from 'vitest/config';

// Three projects, one per kind of evidence: pure code, a real API server, a real cluster.
// `npm test` (hack/test) runs them all, with lint, types and generated files before them.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{operator,workloads,cli,hack,bench}/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.integration.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{operator,workloads,cli,hack}/**/*.integration.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: ['hack/control-plane/vitest-global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test-e2e/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
