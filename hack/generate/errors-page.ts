import type { ErrorDefinition } from '@sluice/kit';
import { serviceErrors } from '../../workloads/kit/errors.ts';
import { errors as orderBookErrors } from '../../workloads/order-book/errors.ts';
import { counterErrors } from '../../workloads/sequence-counter/errors.ts';
import type { Generator } from './generator.ts';
import { table } from './markdown.ts';

interface Section {
  readonly title: string;
  readonly errors: Readonly<Record<string, ErrorDefinition>>;
}

const sections: readonly Section[] = [
  { title: 'Every HTTP service', errors: serviceErrors },
  { title: 'OrderBook', errors: orderBookErrors },
  { title: 'SequenceCounter', errors: counterErrors },
];

export const errorsGenerator: Generator = {
  name: 'errors',
  directories: [],
  files: () => [{ path: 'docs/errors.md', content: page() }],
};

function page(): string {
  const lines = [
    '# Errors',
    '',
    'Generated from the `errors.ts` of each program by `make generate`; do not edit.',
    '',
    'A service answers a failed request with a problem document (RFC 9457, `application/problem+json`). Its `code` is one of these and',
    'stays the same between versions; its `detail` says what was wrong this time. The same codes are in the logs.',
  ];
  for (const { title, errors } of sections) {
    const rows = Object.values(errors).map((error) => [`\`${error.code}\``, String(error.status), `${error.title}.`]);
    lines.push('', `## ${title}`, '', ...table(['Code', 'HTTP status', 'Meaning'], rows));
  }
  return `${lines.join('\n')}\n`;
}
