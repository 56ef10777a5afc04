import { logLevels } from '@sluice/runtime/telemetry';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type AuthConfig, checkJwksUrl } from './auth-config.ts';
import { UsageError } from './program.ts';

/** A command whose errors reach `runProgram` as exceptions: one line, exit 2. */
export function createCommand(name: string, description: string, version: string): Command {
  return new Command(name)
    .description(description)
    .version(version)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
}

/** A parser of whole numbers in `min..max` for `Option.argParser`. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** A port flag with its environment fallback. 0 picks a free port. Without a default the port is not opened. */
export function portOption(flag: string, description: string, env: string, fallback?: number): Option {
  const option = new Option(`${flag} <number>`, description).env(env).argParser(integer(0, 65_535));
  return fallback === undefined ? option : option.default(fallback);
}

/** The level of the log. Without a default the program decides. */
export function logLevelOption(fallback?: string): Option {
  const option = new Option('--log-level <level>', 'level of the log').env('SLUICE_LOG_LEVEL').choices(logLevels);
  return fallback === undefined ? option : option.default(fallback);
}

/** The three flags that turn bearer tokens on; they go together. */
export function addAuthOptions(command: Command): Command {
  return command
    .addOption(new Option('--auth-issuer <text>', 'ask for tokens with this "iss"').env('SLUICE_AUTH_ISSUER'))
    .addOption(new Option('--auth-audience <text>', 'and this "aud"').env('SLUICE_AUTH_AUDIENCE'))
    .addOption(new Option('--auth-jwks-url <url>', 'checked with the keys found here').env('SLUICE_AUTH_JWKS_URL'));
}

/** Undefined when none of the three was given. Throws a UsageError when only some were. */
export function authFromOptions(options: {
  authIssuer?: string;
  authAudience?: string;
  authJwksUrl?: string;
}): AuthConfig | undefined {
  const { authIssuer: issuer, authAudience: audience, authJwksUrl: jwksURL } = options;
  if (issuer === undefined && audience === undefined && jwksURL === undefined) return undefined;
  if (issuer === undefined || audience === undefined || jwksURL === undefined) {
    throw new UsageError('--auth-issuer, --auth-audience and --auth-jwks-url go together: give all three or none');
  }
  try {
    return { jwt: { issuer, audience, jwksURL: checkJwksUrl(jwksURL) } };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
