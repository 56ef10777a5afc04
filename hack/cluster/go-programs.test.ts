import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goModules, goPrograms, goStep } from './go-programs.ts';

/** Modules of other people whose version is the program's. */
const upstream: Partial<Record<keyof typeof goPrograms, string>> = {
  kind: 'sigs.k8s.io/kind',
  etcd: 'go.etcd.io/etcd/server/v3',
  hyperkube: 'k8s.io/kubernetes',
  cni: 'github.com/containernetworking/plugins',
  localPath: 'github.com/rancher/local-path-provisioner',
  coredns: 'github.com/coredns/coredns',
  metricsServer: 'sigs.k8s.io/metrics-server',
  prometheus: 'github.com/prometheus/prometheus',
  nats: 'github.com/nats-io/nats-server/v2',
};

test.each(Object.entries(upstream))('the version shown for %s is the one that go.mod pins', (name, path) => {
  const program = goPrograms[name as keyof typeof goPrograms];
  const mod = readFileSync(join(goModules, program.module, 'go.mod'), 'utf8');
  expect(mod).toMatch(
    new RegExp(`^(?:require )?\\s*${path} v${program.version.replaceAll('.', '\\.')}(?: // indirect)?$`, 'm'),
  );
  expect(readFileSync(join(goModules, program.module, 'go.sum'), 'utf8')).toContain(`${path} v${program.version} h1:`);
});

test('the outputs of a step are its programs and their other names', () => {
  const { outputs } = goStep(goPrograms.hyperkube, '/bin');
  expect(outputs).toContain('/bin/hyperkube');
  expect(outputs).toContain('/bin/kube-apiserver');
});
