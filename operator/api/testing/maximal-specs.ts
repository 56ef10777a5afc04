// Every field of each kind at once, as far as the rules let fields stand together; long where there is a limit of length.

const jwt = { issuer: 'https://issuer.example', audience: 'shop', jwksURL: 'http://issuer.auth.svc:8080/jwks' };

export const maximalAppDeployment = {
  version: '1.4.2_rc-1',
  image: `registry.example:5000/shop/app:1.4.2@sha256:${'0'.repeat(64)}`,
  replicas: 1000,
  ports: Array.from({ length: 16 }, (_, n) => ({ name: `port-${n}`, containerPort: 8000 + n, servicePort: 80 + n })),
  template: {
    metadata: { labels: { team: 'shop' }, annotations: { note: 'x'.repeat(4096) } },
    spec: { containers: [{ name: 'app', env: [{ name: 'A', value: 'b' }] }], terminationGracePeriodSeconds: 30 },
  },
  strategy: {
    type: 'Canary',
    rolling: { maxSurge: 2, maxUnavailable: '10%' },
    canary: {
      steps: Array.from({ length: 20 }, (_, n) => ({ weight: 5 * (n + 1), pauseSeconds: 60, analysis: ['errors'] })),
    },
  },
  drain: {
    mode: 'Hook',
    quietSeconds: 60,
    deadlineSeconds: 86_400,
    maxDraining: 1000,
    hook: { path: '/drain', portName: 'port-0' },
    longLived: 'Close',
  },
  analysis: [{ name: 'errors', query: 'q'.repeat(2048), min: '-1', max: '0.1', minimumSamples: 0 }],
  rollback: { automatic: false, onFailedAnalysis: 'Pause' },
  progressDeadlineSeconds: 86_400,
  autoscaling: { minReplicas: 1000, maxReplicas: 1000, targetCPUUtilizationPercentage: 100 },
  disruption: { maxUnavailable: '100%' },
  expose: { host: 'app.example.com', path: '/shop', gatewayName: 'public' },
  paused: true,
  revisionHistoryLimit: 100,
};

const publicKeys = [
  { kty: 'RSA', kid: 'rsa', alg: 'RS256', use: 'sig', n: 'A'.repeat(2048), e: 'AQAB' },
  { kty: 'EC', kid: 'ec', alg: 'ES256', use: 'sig', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) },
  { kty: 'OKP', kid: 'okp', alg: 'EdDSA', use: 'sig', crv: 'Ed25519', x: 'A'.repeat(43) },
];

export const maximalSequenceCounter = {
  replicas: 9,
  ordering: 'Gapless',
  version: '1.1.0-rc.1',
  store: { type: 'Postgres', postgres: { secretName: 'ledger-db', table: 'ledger' } },
  counters: Array.from({ length: 32 }, (_, n) => ({
    name: `counter-${n}`,
    start: 1,
    step: 1_000_000,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    cycle: true,
    format: {
      prefix: 'NL{year}-',
      padding: 20,
      encoding: 'Crockford32',
      yearlyReset: { timeZone: 'Europe/Amsterdam' },
    },
  })),
  leaseDurationSeconds: 60,
  outageBudgetSeconds: 86_400,
  auth: { jwt: { issuer: jwt.issuer, audience: jwt.audience, jwks: { keys: publicKeys } } },
  expose: { host: 'numbers.example.com', ingressClassName: 'nginx' },
};

const risk = {
  maxQuantity: '999999999000000000',
  maxNotional: '1.000000000000000001',
  maxOpenNotional: '9007199254',
  maxPriceDistance: '9999.99%',
};

export const maximalOrderBook = {
  symbols: Array.from({ length: 256 }, (_, n) => ({
    name: `SYM-${n}`,
    tickSize: '0.000000001',
    lotSize: '999999999',
    risk,
  })),
  version: '1.0.0',
  replicas: 9,
  journal: { type: 'JetStream', fsync: 'EveryBatch', snapshotEvery: 1_000_000_000 },
  storage: { size: '64Ti', storageClassName: 'standard' },
  limits: {
    maxOrdersPerAccount: 1_000_000,
    ordersPerSecondPerAccount: 1_000_000,
    maxOpenOrders: 10_000_000,
    maxPending: 1_000_000,
  },
  accounts: Array.from({ length: 1000 }, (_, n) => ({
    name: `auth0|${n}`,
    maxOrders: 1_000_000,
    ordersPerSecond: 1_000_000,
    risk: n < 20 ? Array.from({ length: 64 }, (__, m) => ({ symbol: `SYM-${m}`, ...risk })) : [],
  })),
  binary: { port: 65_535 },
  auth: { jwt },
  deletionPolicy: 'Delete',
  spread: { topologyKey: 'topology.kubernetes.io/region' },
  publish: {
    type: 'JetStream',
    addresses: Array.from({ length: 9 }, (_, n) => `tls://nats-${n}.nats.brokers.svc.cluster.local:65535`),
    subject: 'trades.spot',
    credentials: { secretName: 'broker', key: 'user.creds' },
    ca: { secretName: 'broker-ca', key: 'ca.crt' },
    stream: { replicas: 5, size: '900Gi' },
    outboxSize: '900Gi',
  },
  backup: {
    schedule: '*/5 0-6 1,15 * 1-5',
    target: {
      s3: { bucket: 'books', prefix: 'spot/', endpoint: 'https://minio.example:9000', secretName: 'books-s3' },
    },
    retentionDays: 3650,
    verify: false,
  },
  channel: 'stable',
  maintenance: {
    windows: Array.from({ length: 14 }, () => ({
      days: ['Sat', 'Sun'],
      startTime: '23:59',
      durationSeconds: 86_400,
      timeZone: 'Europe/Amsterdam',
    })),
  },
  upgrade: 'InWindow',
  bootstrap: { recovery: { target: { volume: { claimName: 'old-books' } }, toSequence: '18446744073709551615' } },
  hibernation: { afterIdleSeconds: 31_536_000 },
};
