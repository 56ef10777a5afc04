import { type FieldConflict, KubeApiError } from '../../kube/client.ts';
import type { Resource } from '../../kube/object.ts';

// The refusals of the API server, with its reasons and the shape of its messages.

const of = (resource: Resource): string =>
  resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
const kindOf = (resource: Resource): string =>
  resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;

export const notFound = (resource: Resource, name: string): KubeApiError =>
  new KubeApiError(404, 'NotFound', `${of(resource)} "${name}" not found`);

export const noSuchPath = (): KubeApiError =>
  new KubeApiError(404, 'NotFound', 'the server could not find the requested resource');

export const alreadyExists = (resource: Resource, name: string): KubeApiError =>
  new KubeApiError(409, 'AlreadyExists', `${of(resource)} "${name}" already exists`);

export const conflict = (resource: Resource, name: string, why: string): KubeApiError =>
  new KubeApiError(409, 'Conflict', `Operation cannot be fulfilled on ${of(resource)} "${name}": ${why}`);

export const staleVersion = (resource: Resource, name: string): KubeApiError =>
  conflict(
    resource,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );

export const applyConflict = (message: string, conflicts: readonly FieldConflict[]): KubeApiError =>
  new KubeApiError(409, 'Conflict', message, undefined, conflicts);

/** What the server answers when it is not prepared to be asked so. */
export const unprepared = (message: string): KubeApiError => new KubeApiError(500, 'Unknown', message);

export const invalid = (resource: Resource, name: string, why: string): KubeApiError =>
  new KubeApiError(422, 'Invalid', `${kindOf(resource)} "${name}" is invalid: ${why}`);

export const badRequest = (message: string): KubeApiError => new KubeApiError(400, 'BadRequest', message);

export const forbidden = (resource: Resource, name: string, why: string): KubeApiError =>
  new KubeApiError(403, 'Forbidden', `${of(resource)} "${name}" is forbidden: ${why}`);

export const expired = (message: string): KubeApiError => new KubeApiError(410, 'Expired', message);

export const methodNotAllowed = (): KubeApiError =>
  new KubeApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');

export const unsupportedMediaType = (type: string): KubeApiError =>
  new KubeApiError(415, 'UnsupportedMediaType', `the body of the request was in an unknown format: ${type}`);

export const disruptionBudget = (budget: string): KubeApiError =>
  new KubeApiError(
    429,
    'TooManyRequests',
    `Cannot evict pod as it would violate the pod's disruption budget: ${budget}`,
    10,
  );
