import { Type } from '@sinclair/typebox';
import type { Condition } from '@sluice/runtime';
import { choice, integer, listBy, object, optional, type Rule, type Static, text, textLike } from './schema.ts';

// Fields that more than one kind has.

const DNS_LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
const DNS_NAME = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';

/** The version of one of our own workloads. */
export function workloadVersion() {
  return textLike('Version of the program in the pods; it must be in the image catalogue of the operator.', {
    max: 32,
    default: '1.0.0',
    expression: '^[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?$',
    message: 'must be a version such as "1.0.0" or "1.1.0-rc.1"',
  });
}

/** The name of an object of the API in the same namespace. */
export function objectName(description: string) {
  return textLike(description, {
    max: 253,
    expression: DNS_NAME,
    message:
      'must be the name of an object: lower-case letters, digits, "-" and ".", starting and ending with a letter or digit',
  });
}

/** A name of at most 63 lower-case letters, digits and dashes. */
export function label(description: string, max = 63) {
  return textLike(description, {
    max,
    expression: DNS_LABEL,
    message: 'must be lower-case letters, digits and "-", starting and ending with a letter or digit',
  });
}

export function hostName(description: string) {
  return textLike(description, {
    max: 253,
    expression: DNS_NAME,
    message: 'must be a host name such as "app.example.com"',
  });
}

/** A decimal number written as text, such as "0.05" or "-3". */
export function decimal(description: string) {
  return textLike(description, {
    max: 32,
    expression: '^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$',
    message: 'must be a decimal number in quotes, such as "0.1" or "250"',
  });
}

const base64url = (description: string, max: number) =>
  textLike(description, { max, expression: '^[A-Za-z0-9_-]+$', message: 'must be base64url text without padding' });

const publicKey = object(
  'One public key (RFC 7517).',
  {
    kty: choice('Key type.', ['RSA', 'EC', 'OKP']),
    kid: text('Key id that tokens name in their header.', { max: 256 }),
    alg: optional(
      choice('Algorithm the key is for; absent: any that its type allows.', [
        'RS256',
        'RS384',
        'RS512',
        'PS256',
        'PS384',
        'PS512',
        'ES256',
        'ES384',
        'EdDSA',
      ]),
    ),
    use: optional(choice('Purpose of the key.', ['sig'])),
    n: optional(base64url('Modulus of an RSA key.', 2048)),
    e: optional(base64url('Exponent of an RSA key.', 16)),
    crv: optional(choice('Curve of an EC or OKP key.', ['P-256', 'P-384', 'Ed25519'])),
    x: optional(base64url('First coordinate of an EC key, or the OKP key.', 128)),
    y: optional(base64url('Second coordinate of an EC key.', 128)),
  },
  {
    rules: [
      { rule: "self.kty != 'RSA' || (has(self.n) && has(self.e))", message: 'a key with kty RSA must have n and e' },
      {
        rule: "self.kty != 'EC' || (has(self.crv) && self.crv != 'Ed25519' && has(self.x) && has(self.y))",
        message: 'a key with kty EC must have crv P-256 or P-384, and x and y',
      },
      {
        rule: "self.kty != 'OKP' || (has(self.crv) && self.crv == 'Ed25519' && has(self.x))",
        message: 'a key with kty OKP must have crv Ed25519, and x',
      },
    ],
  },
);

/** Who may call the service. Without it no token is asked for, and the resource says so in a condition. */
export function auth() {
  return object('Who may call the service; without it no token is asked for.', {
    jwt: object(
      'Requests must carry a JSON Web Token with iss, aud, sub and exp, signed by one of the issuer’s keys.',
      {
        issuer: textLike('Required value of the iss claim.', {
          max: 256,
          expression: '^[!-~]+$',
          message: 'must be the iss value of your tokens, without spaces, such as "https://issuer.example"',
        }),
        audience: textLike('Required value of the aud claim; give each resource its own.', {
          max: 256,
          expression: '^[!-~]+$',
          message: 'must be the aud value of your tokens, without spaces, such as "invoices.shop"',
        }),
        jwksURL: optional(
          textLike('Where the issuer publishes its public keys; https, or http to a Service of this cluster.', {
            max: 512,
            expression:
              '^(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?|http://[a-z0-9-]+\\.[a-z0-9-]+\\.svc(\\.cluster\\.local)?(:[0-9]{1,5})?(/[!-~]*)?)$',
            message:
              'must be an https:// URL, or an http:// URL of a Service in this cluster such as "http://issuer.auth.svc/jwks"',
          }),
        ),
        jwks: optional(
          object('The public keys themselves, for an issuer that publishes none.', {
            keys: listBy('kid', publicKey, 'Public keys, at most 16.', { min: 1, max: 16 }),
          }),
        ),
      },
      {
        rules: [
          {
            rule: 'has(self.jwksURL) != has(self.jwks)',
            message: 'must have exactly one of jwksURL and jwks: where the keys are published, or the keys themselves',
          },
        ],
      },
    ),
  });
}
export type Auth = Static<ReturnType<typeof auth>>;

const exposeRules: readonly Rule[] = [
  {
    rule: 'has(self.gatewayName) != has(self.ingressClassName)',
    message: 'must have exactly one of gatewayName and ingressClassName: what carries the traffic in',
  },
];

/** How clients outside the cluster reach a Service. */
export function expose() {
  return object(
    'How clients outside the cluster reach the Service.',
    {
      host: hostName('Host name that clients use.'),
      path: textLike('Path prefix that belongs to this resource.', {
        max: 256,
        default: '/',
        expression: '^/[!-~]*$',
        message: 'must start with "/" and have no spaces',
      }),
      gatewayName: optional(objectName('Gateway (gateway.networking.k8s.io) in the same namespace to attach to.')),
      ingressClassName: optional(objectName('IngressClass to use where there is no Gateway.')),
    },
    { unbuilt: true, rules: exposeRules },
  );
}

const conditionSchema = Type.Unsafe<Condition>(
  object('One observation about the resource.', {
    type: textLike('Name of the condition, CamelCase.', {
      max: 316,
      expression: '^[A-Z][A-Za-z0-9]*$',
      message: 'must be CamelCase',
    }),
    status: choice('Whether it holds.', ['True', 'False', 'Unknown']),
    reason: text('Why, in one CamelCase word for programs.', { max: 1024 }),
    message: text('Why, in a sentence for people.', { min: 0, max: 32768 }),
    lastTransitionTime: Type.String({ description: 'When status last changed.', format: 'date-time' }),
    observedGeneration: optional(
      integer('Generation of the spec that this was computed from.', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    ),
  }),
);

/** Status fields that every kind has. */
export function commonStatus() {
  return {
    observedGeneration: optional(
      integer('Generation of the spec that this status was computed from.', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    ),
    conditions: optional(
      listBy('type', conditionSchema, 'What is true about the resource now; Ready sums it up.', { max: 32 }),
    ),
    replicas: optional(integer('Pods that exist and are not being deleted.', { min: 0, max: 10_000 })),
    readyReplicas: optional(integer('Pods that are ready to serve.', { min: 0, max: 10_000 })),
    selector: optional(text('Label selector of the pods, for autoscalers.', { min: 0, max: 1024 })),
    version: optional(text('Version that all pods run; absent while they differ.', { max: 63 })),
  };
}
