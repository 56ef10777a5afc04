/** Where the demo's parts are: namespaces, and the ports that the kind cluster maps to 127.0.0.1. */
export const demoNamespace = 'sluice-demo';
export const monitoringNamespace = 'sluice-monitoring';

export const urls = {
  goApp: 'http://127.0.0.1:30080',
  nodeApp: 'http://127.0.0.1:30081',
  counter: 'http://127.0.0.1:30082',
  orderBook: 'http://127.0.0.1:30083',
  prometheus: 'http://127.0.0.1:30084',
  issuer: 'http://127.0.0.1:30085',
} as const;

/** The tokens that the demo's counter accepts, as config/demo configures it. */
export const audience = 'invoices.sluice.demo';
