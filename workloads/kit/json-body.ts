import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { CodedError, serviceErrors } from './errors.ts';

/**
 * Reads JSON bodies as fastify does, and refuses what it takes in silence: a name that an object has twice, of which the last would win,
 * and bytes that are not UTF-8, which would turn into other text. RFC 8259 leaves both to the reader, so two readers differ.
 */
export function parseJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    // Some clients name the type of a body whenever they send none.
    if (bytes.length === 0 && request.method === 'DELETE') {
      done(null, undefined);
      return;
    }
    if (!isUtf8(bytes)) {
      done(new CodedError(serviceErrors.invalidRequest, 'The body must be UTF-8.'), undefined);
      return;
    }
    const text = bytes.toString();
    parse(request, text, (error, body) => {
      const sentence = error === null ? twice(text, body) : refused(text);
      if (sentence === undefined) done(null, body);
      else done(new CodedError(serviceErrors.invalidRequest, sentence), undefined);
    });
  });
}

function twice(text: string, body: unknown): string | undefined {
  const name = repeatedName(text, body);
  return name === undefined ? undefined : `The body names ${name} twice.`;
}

/** What the parser of fastify holds against a body: it says the same of JSON that is broken and of names that are dangerous. */
function refused(text: string): string {
  if (text === '') return 'The body must be JSON, and is empty.';
  try {
    JSON.parse(text);
    return 'The body must not have the names "__proto__" and "constructor.prototype".';
  } catch (error) {
    return `The body is not JSON: ${error instanceof Error ? error.message : String(error)}.`;
  }
}

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** The first name that an object in `text` has twice, in quotes; undefined when there is none. `body` is what `text` says. */
export function repeatedName(text: string, body: unknown): string | undefined {
  // Each name has its colon, so as many colons as names is the usual body, which needs no second look.
  const names = typeof body === 'object' && body !== null ? Object.keys(body).length : 0;
  let colons = 0;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) colons++;
  if (colons === names) return undefined;
  const objects: Set<string>[] = [];
  let last = '';
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') objects.push(new Set());
    else if (token === '}' || token === ']') objects.pop();
    else if (token !== ':') last = token;
    else {
      // Escapes are read: "\u0061" is the name "a".
      const name: unknown = JSON.parse(last);
      const object = objects.at(-1);
      if (typeof name !== 'string' || object?.has(name) === true) return shorten(last);
      object?.add(name);
    }
  }
  return undefined;
}

function shorten(quoted: string): string {
  return quoted.length > 50 ? `${quoted.slice(0, 48)}…"` : quoted;
}
