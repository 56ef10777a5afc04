import * as runtime from '@sluice/runtime';

/** A Guest is entered in a guest book outside of the cluster, and gets a card. */
export interface Guest extends runtime.KubeObject {
  spec: { name: string };
  status?: Status;
}
interface Status {
  conditions: runtime.Condition[];
}
const type = { group: 'example.org', version: 'v1', kind: 'Guest', plural: 'guests', namespaced: true };
export const Guest: runtime.Resource<Guest> = type;

/** Something outside of the cluster; both ways may be called again for what is done already. */
export interface GuestBook {
  enter(uid: string, name: string, signal: AbortSignal): Promise<void>;
  erase(uid: string, signal: AbortSignal): Promise<void>;
}

/** What should be there. It reads nothing but its arguments, so a test needs no cluster. */
export function planCard(guest: Guest, greeting: string, conditions: runtime.Condition[]): runtime.Plan<Status> {
  const { name, namespace } = guest.metadata;
  const metadata = { name, namespace, ownerReferences: [runtime.controllerReference(guest)] };
  const data = { card: `${greeting}, ${guest.spec.name}!` };
  const card = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as runtime.KubeObject;
  return { apply: [{ resource: runtime.ConfigMap, object: card }], delete: [], status: { conditions }, events: [] };
}

/** The word that all cards of a namespace begin with is in a ConfigMap of this name. */
const PHRASES = 'phrases';
const settings: runtime.PlanSettings = {
  fieldManager: 'example.org/guests',
  finalizer: 'example.org/guests',
  digestAnnotation: 'example.org/applied',
};

export function guests(book: GuestBook): runtime.Controller {
  async function welcome(guest: Guest, ctx: runtime.ReconcileContext): Promise<runtime.Result> {
    const { uid = '', namespace = '' } = guest.metadata;
    await book.enter(uid, guest.spec.name, ctx.signal);
    const phrases = ctx.cache.get(runtime.ConfigMap, { namespace, name: PHRASES });
    const greeting = phrases?.data?.greeting ?? 'Hello';
    const conditions = ctx.conditions(guest, [
      { type: 'Ready', status: 'True', reason: 'Welcome', message: `Greeted with ${greeting}.` },
    ]);
    const plan = planCard(guest, greeting, conditions);
    await runtime.executePlan(ctx, Guest, guest, plan, settings);
    if (guest.status === undefined) {
      ctx.event(guest, { type: 'Normal', reason: 'Welcome', action: 'Greet', note: `Hung out a card: ${greeting}` });
    }
    return runtime.done();
  }

  async function goodbye(guest: Guest, ctx: runtime.ReconcileContext): Promise<runtime.Result> {
    await book.erase(guest.metadata.uid ?? '', ctx.signal);
    return runtime.done();
  }

  return runtime
    .controller(Guest, { timeoutMs: 30_000 })
    .owns(runtime.ConfigMap)
    .watches(runtime.ConfigMap, guestsOf, {
      predicate: (now, before) => now.metadata.name === PHRASES && now.data?.greeting !== before?.data?.greeting,
    })
    .concurrency(8)
    .reconcile(
      runtime.withFinalizer({
        resource: Guest,
        finalizer: settings.finalizer,
        reconcile: welcome,
        cleanUp: goodbye,
      }),
    );
}

/** The guests that a ConfigMap of phrases names, separated by commas. */
function guestsOf({ metadata, data }: runtime.ConfigMap): runtime.ObjectKey[] {
  const { namespace = '' } = metadata;
  const names = data?.guests?.split(',') ?? [];
  return names.map((name) => ({ namespace, name }));
}
