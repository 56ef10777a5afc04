import { Ajv, type ValidateFunction } from 'ajv';

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

/** The parts of an OpenAPI document that are looked at. */
export interface ApiDescription {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

export interface SeenAnswer {
  readonly method: string;
  /** Path and query, as requested. */
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
}

/**
 * Holds every answer against the API description: its status must be listed for the route, a refusal's code among those of the
 * status, and the body must be as its schema says, without a field more. Returns what is wrong with the answer, undefined for nothing.
 */
export function createApiContract(api: ApiDescription): (seen: SeenAnswer) => string | undefined {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const checks = new Map<object, ValidateFunction>();
  const routes = Object.entries(api.paths).map(([template, operations]) => {
    return { pattern: new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`), operations };
  });
  return ({ method, path, status, body }) => {
    const [pathname = ''] = path.split('?');
    const route = routes.find(({ pattern }) => pattern.test(pathname));
    const operation = route?.operations[method.toLowerCase()];
    // The framework answers what no route takes, and paths that are too long for one.
    if (operation === undefined || status === 414)
      return status === 404 || status === 414 ? undefined : `${method} ${pathname} is not described`;
    const answer = Object.values(operation.responses[status]?.content ?? {})[0];
    if (answer === undefined) return `${method} ${pathname} has no answer ${status}: ${JSON.stringify(body)}`;
    let check = checks.get(answer.schema);
    check ??= ajv.compile({ ...answer.schema, components: api.components });
    checks.set(answer.schema, check);
    if (check(body)) return undefined;
    return `${method} ${pathname} ${status}: ${ajv.errorsText(check.errors)}: ${JSON.stringify(body)}`;
  };
}
