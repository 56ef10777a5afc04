import {
  createAdminServer,
  createCommand,
  createHealth,
  createService,
  installShutdown,
  logLevelOption,
  portOption,
  runProgram,
} from '@sluice/kit';
import { createLogger, createRegistry } from '@sluice/runtime/telemetry';
import { Option } from 'commander';
import { addIssuerRoutes } from './issuer.ts';
import { loadSigningKey } from './signing-key.ts';

interface Flags {
  host: string;
  port: number;
  adminPort: number;
  issuer: string;
  keyFile?: string;
  logLevel: string;
}

function readFlags(): Flags {
  const command = createCommand(
    'sluice-issuer',
    'A token issuer for demos: it gives a token for any subject to anybody who asks. Never run it next to real data.',
    '1.0.0',
  )
    .addOption(new Option('--host <address>', 'address to listen on').env('SLUICE_HOST').default('127.0.0.1'))
    .addOption(portOption('--port', 'port of the issuer', 'SLUICE_PORT', 8080))
    .addOption(portOption('--admin-port', 'port of metrics and health', 'SLUICE_ADMIN_PORT', 9090))
    .addOption(new Option('--issuer <url>', 'claim "iss"').env('SLUICE_ISSUER').default('https://issuer.sluice.demo'))
    .addOption(
      new Option('--key-file <path>', 'private key (PKCS #8 PEM, ES256); without it a new one at each start').env(
        'SLUICE_KEY_FILE',
      ),
    )
    .addOption(logLevelOption('info'));
  return command.parse().opts<Flags>();
}

async function main(): Promise<void> {
  const flags = readFlags();
  const log = createLogger('issuer', flags.logLevel);
  const key = await loadSigningKey(flags.keyFile);
  const registry = createRegistry();
  const health = createHealth();
  const app = createService({ name: 'Sluice demo issuer', version: '1.0.0', log, registry, health });
  addIssuerRoutes(app, { issuer: flags.issuer, key });
  const admin = createAdminServer({ registry, health });
  await admin.listen(flags.adminPort, flags.host);
  const address = await app.listen({ port: flags.port, host: flags.host });
  installShutdown({
    log,
    health,
    steps: [
      { name: 'service', run: () => app.close() },
      { name: 'admin', run: () => admin.close() },
    ],
  });
  log.warn(
    { address, issuer: flags.issuer, kid: key.kid },
    'demo issuer: anybody who asks gets a token for any subject',
  );
}

await runProgram(main);
