/** The one user of all our images. */
export const user = 65_532;

/** Pod Security `restricted`, for the pod. */
export const restrictedPod = { runAsNonRoot: true, runAsUser: user, seccompProfile: { type: 'RuntimeDefault' } };

/** Pod Security `restricted`, for a container; whether the root file system is read-only is for the caller to say. */
export const restrictedContainer = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

/** An environment variable with a field of the pod in it. */
export function fromField(name: string, fieldPath: string) {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}
