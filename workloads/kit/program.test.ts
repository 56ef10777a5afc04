import { createServer } from 'node:net';
import { createRegistry } from '@sluice/runtime/telemetry';
import { Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { createAdminServer } from './admin.ts';
import { CodedError, serviceErrors } from './errors.ts';
import { addAuthOptions, authFromOptions, createCommand, integer, logLevelOption, portOption } from './flags.ts';
import { createHealth } from './health.ts';
import { exitOf, UsageError } from './program.ts';

function parse(...args: string[]): unknown {
  const command = addAuthOptions(createCommand('demo', 'A demo.', '1.0.0'))
    .addOption(portOption('--port', 'where', 'TEST_NO_SUCH_PORT', 8080))
    .addOption(logLevelOption())
    .addOption(new Option('--size <n>', 'how many').argParser(integer(1, 10)));
  command.parse(args, { from: 'user' });
  return command.opts();
}

function exitOfParse(...args: string[]): { code: number; text: string } {
  try {
    authFromOptions(parse(...args) as object);
    return { code: 0, text: '' };
  } catch (error) {
    return exitOf(error);
  }
}

describe('the exit of a program', () => {
  it.each([
    [['--prot', '1'], "unknown option '--prot' (Did you mean --port?)"],
    [['--port'], "option '--port <number>' argument missing"],
    [['--port', '70000'], 'whole number from 0 to 65535'],
    [['--port', '1e3'], 'whole number from 0 to 65535'],
    [['--size', '0'], 'whole number from 1 to 10'],
    [['extra'], 'too many arguments'],
    [['--log-level', 'loud'], 'Allowed choices are trace, debug'],
    [['--auth-issuer', 'a'], 'go together'],
    [
      ['--auth-issuer', 'a', '--auth-audience', 'b', '--auth-jwks-url', 'http://c.example'],
      'auth.jwt.jwksURL must be an https URL',
    ],
  ])('is 2 with one line for %j', (args, part) => {
    const { code, text } = exitOfParse(...args);
    expect(code).toBe(2);
    expect(text).toContain(part);
    expect(text).not.toContain('\n');
  });

  it('is 0 for good flags', () => {
    expect(exitOfParse('--port', '0')).toEqual({ code: 0, text: '' });
  });

  it('says which host has no address', async () => {
    const admin = createAdminServer({ registry: createRegistry(), health: createHealth() });
    const error = await admin.listen(0, 'nowhere.invalid').catch((caught: unknown) => caught);
    expect(exitOf(error)).toMatchObject({
      code: 1,
      text: expect.stringMatching(/^The name nowhere\.invalid cannot be resolved /),
    });
  });

  it('names the port and what to do when another program has it', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const admin = createAdminServer({ registry: createRegistry(), health: createHealth() });
    const error = await admin.listen(port, '127.0.0.1').catch((caught: unknown) => caught);
    other.close();
    expect(exitOf(error)).toEqual({
      code: 1,
      text: `Port ${port} on 127.0.0.1 is in use: stop the program that has it, or choose another.`,
    });
  });

  it('is 1 with a sentence for what a person can mend and with a stack for a bug', () => {
    expect(exitOf(new UsageError('a\n b'))).toEqual({ code: 2, text: 'a b' });
    const coded = exitOf(new CodedError(serviceErrors.internal, 'It broke.'));
    expect(coded).toEqual({ code: 1, text: 'SLUICE_INTERNAL: It broke.' });
    const full = Object.assign(new Error('x'), { code: 'ENOSPC', path: '/data/a' });
    expect(exitOf(full).text).toBe('The disk is full at /data/a: free some space and start again.');
    expect(exitOf(new TypeError('bug')).text).toContain('program.test.ts');
  });
});
