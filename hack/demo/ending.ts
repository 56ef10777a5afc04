import type { Kubectl } from '../deploy/kubectl.ts';
import { audience, demoNamespace, urls } from './places.ts';

/** What to try by hand now, and how to clean up. Every line works as it stands in a shell with curl. */
export function addresses(): string[] {
  const json = "-H 'content-type: application/json'";
  const host = (url: string): string => url.replace('http://', '');
  return [
    'Try it:',
    `  curl -s ${host(urls.goApp)}/          # the Go app; ${host(urls.nodeApp)} is the Node.js one; /slow, /events and /ws too`,
    `  curl -s ${host(urls.orderBook)}/v1/orders ${json} -d '{"symbol":"BTC-EUR","side":"buy","price":"100.00","quantity":"0.0010"}'`,
    `  curl -s '${host(urls.orderBook)}/v1/depth?symbol=BTC-EUR'`,
    `  TOKEN=$(curl -s -X POST ${host(urls.issuer)}/token ${json} -d '{"subject":"me","audience":"${audience}"}' | cut -d'"' -f4)`,
    `  curl -s -X POST ${host(urls.counter)}/v1/next -H "authorization: Bearer $TOKEN"`,
    `  curl -s '${host(urls.prometheus)}/api/v1/query?query=sluice_resource_condition'     # Prometheus`,
    '  eval "$(make -s kind-env)"     # kubectl and docker of this cluster in your shell',
    '  ./deploy-apps go-app           # one more rollout',
    'Clean up:',
    '  make demo-clean                # the demo; cluster and operator stay',
    '  make kind-down                 # all of it',
  ];
}

/** Takes the demo away; operator and cluster stay. The order book's volume goes with its namespace. */
export async function cleanDemo(kubectl: Kubectl): Promise<void> {
  await kubectl('delete', 'appd,seqc,ob', '--all', '-n', demoNamespace, '--timeout=120s');
  await kubectl('delete', 'namespace', demoNamespace, '--ignore-not-found', '--timeout=120s');
  await kubectl('delete', '-k', 'config/prometheus', '--ignore-not-found', '--timeout=120s');
}
