import type { Edit } from './edit.ts';

/** A mistake that operator runtimes have made, and the test that finds it here. */
export interface SeededBug {
  readonly name: string;
  /** Which of the eight guarantees it breaks; see docs/runtime.md. */
  readonly guarantee: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
  /** From the root of the checkout, as all paths here. */
  readonly file: string;
  readonly edits: readonly Edit[];
  /** The test that must fail, by its title. */
  readonly caughtBy: { readonly file: string; readonly test: string };
}

const runtime = 'operator/runtime';
const queue = `${runtime}/queue/queue.ts`;
const state = `${runtime}/watch/state.ts`;
const decode = `${runtime}/watch/decode.ts`;
const reflector = `${runtime}/watch/reflector.ts`;
const store = `${runtime}/cache/store.ts`;
const plan = `${runtime}/controller/execute-plan.ts`;
const reconciler = `${runtime}/controller/reconciler.ts`;
const ownWrites = `${runtime}/controller/own-writes.ts`;
const leader = `${runtime}/election/leader.ts`;
const recorder = `${runtime}/events/recorder.ts`;
const controllers = 'operator/controllers';
const apps = `${controllers}/app-deployment`;
const counters = `${controllers}/sequence-counter/controller.ts`;

const planTest = (test: string) => ({ file: `${runtime}/controller/execute-plan.test.ts`, test });
const queueTest = (test: string) => ({ file: `${runtime}/queue/queue.test.ts`, test });
const stateTest = (test: string) => ({ file: `${runtime}/watch/state.test.ts`, test });
const reflectorTest = (test: string) => ({ file: `${runtime}/watch/reflector.test.ts`, test });
const storeTest = (test: string) => ({ file: `${runtime}/cache/store.test.ts`, test });
const reconcilerTest = (test: string) => ({ file: `${runtime}/controller/reconciler.test.ts`, test });
const ownWritesTest = (test: string) => ({ file: `${runtime}/controller/own-writes.test.ts`, test });
const managerTest = (test: string) => ({ file: `${runtime}/controller/manager.test.ts`, test });
const finalizerTest = (test: string) => ({ file: `${runtime}/controller/finalizer.test.ts`, test });
const leaderTest = (test: string) => ({ file: `${runtime}/election/leader.test.ts`, test });
const recorderTest = (test: string) => ({ file: `${runtime}/events/recorder.test.ts`, test });
const goNamesTest = (test: string) => ({ file: `${runtime}/telemetry/go-names.test.ts`, test });
const lateCacheTest = (test: string) => ({ file: `${controllers}/testing/late-caches.test.ts`, test });
const retryTest = (test: string) => ({ file: `${runtime}/kube/retry.test.ts`, test });

/** In order of the guarantees. */
export const seededBugs: readonly SeededBug[] = [
  {
    name: 'a status is written although it is the same',
    guarantee: 1,
    file: plan,
    edits: [['plan.status !== undefined && !sameJson(primary.status, plan.status)', 'plan.status !== undefined']],
    caughtBy: planTest('the order: finalizer, applies, deletes, status; and nothing the second time'),
  },
  {
    name: 'children are applied although they are as wanted',
    guarantee: 1,
    file: plan,
    edits: [['if (live !== undefined && isAsWanted(live, desired)) return;', '']],
    caughtBy: planTest('the order: finalizer, applies, deletes, status; and nothing the second time'),
  },
  {
    name: 'a status that somebody else wrote goes unnoticed',
    guarantee: 1,
    file: `${runtime}/controller/manager.ts`,
    edits: [['if (foreignPasses && isForeign', 'if (!foreignPasses && isForeign']],
    caughtBy: managerTest('a status that somebody else wrote is looked at, our own is not'),
  },
  {
    name: 'what a book says of its broker is written as often as it comes',
    guarantee: 1,
    file: `${controllers}/order-book/mirror.ts`,
    edits: [['published: held && reworded', 'published: !held && reworded']],
    caughtBy: {
      file: `${controllers}/order-book/plan.property.test.ts`,
      test: 'while the broker is away, what waits reaches the status at most every ten seconds; so do new words, and its return at once',
    },
  },
  {
    name: 'children are made for a resource that is gone',
    guarantee: 6,
    file: plan,
    edits: [['if (!known) await assertNewest(ctx, resource, primary);', '']],
    caughtBy: planTest('nothing is made for a primary that only a late cache still shows'),
  },
  {
    name: 'a request that is queued when the term ends leaves later',
    guarantee: 5,
    file: `${runtime}/kube/transport.ts`,
    edits: [['const release = gated.hold(beforeSend);', 'const release = (): void => {};']],
    caughtBy: {
      file: `${runtime}/kube/transport.test.ts`,
      test: 'a request that is queued when its condition ends does not leave, however much later the process goes on',
    },
  },
  {
    name: 'a field that is no longer declared goes unnoticed',
    guarantee: 1,
    file: `${runtime}/controller/applied.ts`,
    edits: [['canonicalJson(desired)', 'desired.metadata.name']],
    caughtBy: planTest('a field that somebody else changed or that we no longer declare is written again'),
  },
  {
    name: 'a watch that expired resumes from the same version for ever',
    guarantee: 2,
    file: state,
    edits: [["if (isVersionRefused(error)) return wait({ list: 'expired' }, before, messageOf(error));", '']],
    caughtBy: reflectorTest('after any faults the watch lives and the cache is complete'),
  },
  {
    name: 'after many failures it waits for ever',
    guarantee: 2,
    file: state,
    edits: [['Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS *', 'Math.min(2 ** 31, FIRST_WAIT_MS *']],
    caughtBy: stateTest('failures in a row back off from 200 ms to 30 s, an event makes good'),
  },
  {
    name: 'a version that goes back is believed',
    guarantee: 2,
    file: state,
    edits: [['else if (compareVersions(version, from) < 0) {', 'else if (compareVersions(version, from) < -1e9) {']],
    caughtBy: stateTest('after a version that goes back'),
  },
  {
    name: 'bookmarks are ignored',
    guarantee: 2,
    file: state,
    edits: [['    from = version;\n', "    if (event.type !== 'bookmark') from = version;\n"]],
    caughtBy: stateTest('a broken watch resumes from the last bookmark, without a list'),
  },
  {
    name: 'a list without items empties the cache',
    guarantee: 2,
    file: decode,
    edits: [["if (items !== null && !Array.isArray(items)) throw new MalformedAnswer('a list without items');", '']],
    caughtBy: reflectorTest('after any faults the watch lives and the cache is complete'),
  },
  {
    name: 'only the first page of a list is read',
    guarantee: 2,
    file: decode,
    edits: [["continue: typeof meta.continue === 'string' ? meta.continue : ''", "continue: ''"]],
    caughtBy: reflectorTest('after any faults the watch lives and the cache is complete'),
  },
  {
    name: 'a watch that fell silent is waited for without end',
    guarantee: 2,
    file: reflector,
    edits: [['timeoutMs: seconds * 1000 + WATCH_GRACE_MS', 'timeoutMs: 2 ** 31 - 1']],
    caughtBy: reflectorTest('a stream that fell silent is given up a little after the time asked for'),
  },
  {
    name: 'another object of the same name is taken for the old one',
    guarantee: 2,
    file: store,
    edits: [
      [
        'if (entry !== undefined && entry.object.metadata.uid === object.metadata.uid) {',
        'if (entry !== undefined && entry.object.metadata.name === object.metadata.name) {',
      ],
    ],
    caughtBy: storeTest('another object under the same name is told as deleted and added'),
  },
  {
    name: 'a key that is being worked on is handed to a second worker',
    guarantee: 3,
    file: queue,
    edits: [['if (slot.workingSinceMs >= 0) {', 'if (slot.workingSinceMs < -1) {']],
    caughtBy: queueTest('a key that is added while a worker has it comes back once, when that worker is done'),
  },
  {
    name: 'what changed while a key was worked on is forgotten',
    guarantee: 3,
    file: queue,
    edits: [['else put(slot, again);', 'else forgetIfIdle(slot);']],
    caughtBy: queueTest('a key that is added while a worker has it comes back once, when that worker is done'),
  },
  {
    name: 'nothing ages',
    guarantee: 3,
    file: queue,
    edits: [['if (turns % VERY_AGED_TURNS !== 0) return undefined;', 'if (turns > 0) return undefined;']],
    caughtBy: queueTest('a flood of urgent keys does not starve the others'),
  },
  {
    name: 'what has aged takes every turn',
    guarantee: 3,
    file: queue,
    edits: [['if (turns % VERY_AGED_TURNS !== 0) return undefined;', '']],
    caughtBy: queueTest('a flood of aged keys, as after a restart, leaves every second take to what people change'),
  },
  {
    name: 'of two lanes that have aged one gets all the turns',
    guarantee: 3,
    file: queue,
    edits: [['aged.find((candidate) => candidate > lastAged) ?? aged[0]', 'aged[0]']],
    caughtBy: queueTest('under any flood that lasts, a key of the lowest priority is taken within 60 s'),
  },
  {
    name: 'the back-off goes on after a success',
    guarantee: 3,
    file: reconciler,
    edits: [['    queue.forget(key);\n    if (waits)', '    if (waits)']],
    caughtBy: reconcilerTest('after a success the back-off starts small again'),
  },
  {
    name: 'a key is free at its deadline although its reconcile still runs',
    guarantee: 3,
    file: reconciler,
    edits: [['running.then(free, free);', 'free();']],
    caughtBy: reconcilerTest('a reconcile that ignores its deadline blocks its own key until it ends, and no other'),
  },
  {
    name: 'a reconcile does not wait for what the last one wrote',
    guarantee: 4,
    file: reconciler,
    edits: [['if (await unlessAborted(ownWrites.seen(id, parts.caughtUp), signal)) return true;', 'return true;']],
    caughtBy: reconcilerTest('the next reconcile of a key waits for its own last write to show, other keys do not'),
  },
  {
    name: 'a delete is no write of ours',
    guarantee: 4,
    file: ownWrites,
    edits: [['remember(id, { resource, key, deletedUid: options.preconditions.uid });', '']],
    caughtBy: ownWritesTest('a delete that does not show in time keeps the key waiting'),
  },
  {
    name: 'a write that did not show in time is waited for no more',
    guarantee: 4,
    file: ownWrites,
    edits: [['if (seen && ofId.get(name) === write)', 'if (ofId.get(name) === write)']],
    caughtBy: reconcilerTest('a cache that stays behind puts the key off again and again, and says so in a metric'),
  },
  {
    name: 'a renewal counts from its answer',
    guarantee: 5,
    file: leader,
    edits: [['term.renewedAt = started;', 'term.renewedAt = clock.monotonic();']],
    caughtBy: leaderTest('a renewal counts from when it was sent: a slow answer does not prolong the leadership'),
  },
  {
    name: 'a Lease is taken before it has run out',
    guarantee: 5,
    file: leader,
    edits: [['unchangedMs >= found.durationMs', 'unchangedMs >= found.durationMs / 3']],
    caughtBy: leaderTest('a leader that died is followed when its lease has run out, not before'),
  },
  {
    name: 'a leader that stops keeps its Lease',
    guarantee: 5,
    file: leader,
    edits: [['if (!lost) await release(term);', '']],
    caughtBy: leaderTest(
      'a leader that stops ends its work, gives the Lease back, and the next one leads within a second',
    ),
  },
  {
    name: 'leadership is a flag, not a look at the clock',
    guarantee: 5,
    file: leader,
    edits: [['if (clock.monotonic() - term.renewedAt >= renewMs) lose(late);', '']],
    caughtBy: leaderTest(
      'a process that was frozen past its lease sends nothing from its first instruction on, and knows that it has lost',
    ),
  },
  {
    name: 'leadership is asked when a write is called and not when it is sent',
    guarantee: 5,
    file: `${runtime}/election/fence.ts`,
    edits: [
      ['return { ...options, beforeSend };', 'return beforeSend === undefined ? { ...options, beforeSend } : options;'],
    ],
    caughtBy: {
      file: `${runtime}/election/fence.test.ts`,
      test: 'apply: is held back when leadership ends while it waits to be sent',
    },
  },
  {
    name: 'events of a leader that stops are written after it gave the Lease back',
    guarantee: 5,
    file: `${runtime}/controller/manager.ts`,
    edits: [['if (signal.aborted) await flush(events, clock);', '']],
    caughtBy: managerTest(
      'a stop in order: no new work, the work under way, its events, the Lease, nothing after that',
    ),
  },
  {
    name: 'a leader that stops does not wait for the work under way',
    guarantee: 5,
    file: reconciler,
    edits: [['if (signal.aborted) await endWithin(clock, WIND_DOWN_MS, running);', '']],
    caughtBy: managerTest(
      'a stop in order: no new work, the work under way, its events, the Lease, nothing after that',
    ),
  },
  {
    name: 'an apply overwrites what was made or changed since it was decided',
    guarantee: 5,
    file: plan,
    edits: [['live === undefined ? { resourceVersion: NOT_THERE } : asObserved(live)', '{}']],
    caughtBy: planTest('the order: finalizer, applies, deletes, status; and nothing the second time'),
  },
  {
    name: 'a delete does not say which version it means',
    guarantee: 6,
    file: plan,
    edits: [['    preconditions,\n', '    preconditions: { uid: preconditions.uid },\n']],
    caughtBy: planTest('a delete meant for an object that has changed since is refused'),
  },
  {
    name: 'work is done before the finalizer is there',
    guarantee: 6,
    file: `${runtime}/controller/finalizer.ts`,
    edits: [
      [
        'return reconcile(await addFinalizer(ctx, resource, object, finalizer), ctx);',
        'return reconcile(object, ctx).then((result) => addFinalizer(ctx, resource, object, finalizer).then(() => result));',
      ],
    ],
    caughtBy: finalizerTest('a whole life: held before the first work, kept while the cleaning lasts, then let go'),
  },
  {
    name: 'the finalizer goes before the last status is written',
    guarantee: 6,
    file: plan,
    edits: [
      [
        '  for (const wanted of plan.apply)',
        `  if (plan.finalizer === false && held) current = await removeFinalizer(ctx, resource, primary, finalizer);
  for (const wanted of plan.apply)`,
      ],
      ['    await removeFinalizer(ctx, resource, current, finalizer);', ''],
    ],
    caughtBy: planTest('status and the end of our finalizer fit into one pass, and other finalizers stay'),
  },
  {
    name: 'events tell of a status that was never written',
    guarantee: 6,
    file: plan,
    edits: [
      [
        '  for (const wanted of plan.apply)',
        '  for (const event of plan.events) ctx.event(primary, event);\n  for (const wanted of plan.apply)',
      ],
    ],
    caughtBy: planTest('events are recorded once per pass, after the status they speak of'),
  },
  {
    name: 'a write whose answer was lost is sent again',
    guarantee: 6,
    file: `${runtime}/kube/retry.ts`,
    edits: [['} else if (!isRead && !(failure instanceof UnsentError)) {', '} else if (!isRead && tries > 3) {']],
    caughtBy: retryTest('a write after a lost connection: it may have happened'),
  },
  {
    name: 'children are written for what the primary wanted before',
    guarantee: 6,
    file: plan,
    edits: [[' && now?.generation === generation;', ';']],
    caughtBy: planTest('nothing is made, changed or deleted for what the primary wanted before'),
  },
  {
    name: 'a decision is carried out on what the cache shows by then',
    guarantee: 6,
    file: plan,
    edits: [["'observed' in planned ? planned.observed : ctx.cache.get(", 'ctx.cache.get(']],
    caughtBy: planTest('what was decided on a cache that has gone on since is refused'),
  },
  {
    name: 'the ledger of a counter that is gone is held for ever',
    guarantee: 6,
    file: counters,
    edits: [['      await letGoOfOrphan(ctx, key);\n', '']],
    caughtBy: lateCacheTest('the ledger that was made for a counter that was gone by then is let go of'),
  },
  {
    name: 'a ledger is let go of because a late cache does not show its counter',
    guarantee: 6,
    file: counters,
    edits: [['if (counter?.metadata.uid !== owner)', 'if (counter !== null)']],
    caughtBy: lateCacheTest('a ledger that somebody deleted stays for a counter that the cache does not show yet'),
  },
  {
    name: 'pods are let go of because a late cache does not show their app',
    guarantee: 6,
    file: `${apps}/controller.ts`,
    edits: [['if ((await ctx.client.get(AppDeployment, key, { signal: ctx.signal })) !== undefined) return;', '']],
    caughtBy: lateCacheTest('pods of an app that the cache does not show yet are not let go of'),
  },
  {
    name: 'pods are let go of once they have ended',
    guarantee: 6,
    file: `${apps}/retire.ts`,
    edits: [['holdsReport(pod) && inStatus.has(pod.metadata.name)', 'holdsReport(pod)']],
    caughtBy: {
      file: `${apps}/retire.test.ts`,
      test: 'status has room for 100 pods; no pod is released that is not in it',
    },
  },
  {
    name: 'pods are let go of for a status that was replaced since',
    guarantee: 6,
    file: `${apps}/controller.ts`,
    edits: [['    if (!counted.has(pod.metadata.name)) throw notCounted(pod);\n', '']],
    caughtBy: lateCacheTest('no pod is let go of for a status that counted it and was replaced since'),
  },
  {
    name: 'a count is closed because a late cache does not show the pod',
    guarantee: 6,
    file: `${apps}/observe.ts`,
    edits: [['if (doubtful.length === 0) return pods;', 'if (doubtful.length >= 0) return pods;']],
    caughtBy: lateCacheTest('a pod that the cache does not show yet is not counted twice'),
  },
  {
    name: 'an app is let go of because a late cache shows nothing of it',
    guarantee: 6,
    file: `${apps}/observe.ts`,
    edits: [['return pods.length === 0 && replicaSets.length === 0;', 'return false;']],
    caughtBy: lateCacheTest('an app whose pods the cache does not show yet is not let go of'),
  },
  {
    name: 'Services follow a cache that is late',
    guarantee: 6,
    file: `${apps}/observe.ts`,
    edits: [['different.some((revision) => revision !== revisionOf(spec))', 'different.length < 0']],
    caughtBy: lateCacheTest('no Service is taken from a revision that is used'),
  },
  {
    name: 'a book is let go of before its volumes know the policy',
    guarantee: 6,
    file: `${controllers}/order-book/plan.ts`,
    edits: [['if (!ours || retentionSettled(book, statefulSet, claims))', 'if (!ours || claims.length >= 0)']],
    caughtBy: {
      file: `${controllers}/order-book/plan.property.test.ts`,
      test: 'a delete does to the volume what the policy said last, whenever it was changed',
    },
  },
  {
    name: 'a book is let go of because a late cache does not show its StatefulSet',
    guarantee: 6,
    file: `${controllers}/order-book/observe.ts`,
    edits: [['statefulSet: goes\n', 'statefulSet: claims.length < 0\n']],
    caughtBy: lateCacheTest(
      'a book whose StatefulSet the cache does not show yet is not let go of before its volume knows the policy',
    ),
  },
  {
    name: 'what a lost leadership interrupts is dropped',
    guarantee: 6,
    file: reconciler,
    edits: [["queue.add(key, 'owner', 'interrupted');", '']],
    caughtBy: reconcilerTest('what a lost leadership interrupts is in the queue for the next one, without a failure'),
  },
  {
    name: 'events that cannot be written are remembered without limit',
    guarantee: 7,
    file: recorder,
    edits: [[' || known.size >= CAPACITY) {', ') {']],
    caughtBy: recorderTest('memory is bounded however many objects there are, and what is forgotten was written'),
  },
  {
    name: 'one object may fill etcd with events',
    guarantee: 7,
    file: `${runtime}/events/spam-filter.ts`,
    edits: [['return left > 0;', 'return left >= 0;']],
    caughtBy: recorderTest('an object that makes a new event every second is cut off, others are not'),
  },
  {
    name: 'a wait that is over leaves its timer behind',
    guarantee: 7,
    file: ownWrites,
    edits: [['        waiting.delete(entry);\n        cancel();\n', '        waiting.delete(entry);\n']],
    caughtBy: ownWritesTest('a delete is seen when the object is gone'),
  },
  {
    name: 'any number of requests is under way at a time',
    guarantee: 7,
    file: `${runtime}/kube/slots.ts`,
    edits: [['if (inFlight < limit() && ahead === 0) {', 'if (inFlight < limit() || ahead === 0) {']],
    caughtBy: {
      file: `${runtime}/kube/slots.test.ts`,
      test: 'never more under way than allowed, nobody forgotten, whatever is given back when',
    },
  },
  {
    name: 'equal events are not aggregated',
    guarantee: 8,
    file: recorder,
    edits: [
      ['if (before !== undefined && now - before.lastMs <= SERIES_END_MS) {', 'if (before !== undefined && now < 0) {'],
    ],
    caughtBy: recorderTest('the first of its kind is written at once, equal ones are counted into it'),
  },
  {
    name: 'a promise that a reconcile forgot fails unseen',
    guarantee: 8,
    file: `${runtime}/controller/stray-rejections.ts`,
    edits: [['if (report !== undefined) report(reason);', 'if (report !== undefined) void reason;']],
    caughtBy: reconcilerTest(
      'a promise that a reconcile forgot is a bug of its key: counted, and the key is looked at again',
    ),
  },
  {
    name: 'a metric has another name than in Go',
    guarantee: 8,
    file: `${runtime}/queue/metrics.ts`,
    edits: [["name: 'workqueue_depth'", "name: 'workqueue_length'"]],
    caughtBy: goNamesTest('workqueue_depth is named, labelled and cut into buckets as in Go'),
  },
  {
    name: 'a histogram has other buckets than in Go',
    guarantee: 8,
    file: `${runtime}/controller/metrics.ts`,
    edits: [['0.005, 0.01, 0.025, 0.05, 0.1, 0.15,', '0.01, 0.1,']],
    caughtBy: goNamesTest('controller_runtime_reconcile_time_seconds is named, labelled and cut into buckets as in Go'),
  },
  {
    name: 'a reconcile does not say what asked for it',
    guarantee: 8,
    file: reconciler,
    edits: [['reconcileID: randomUUID(), reason }', 'reconcileID: randomUUID() }']],
    caughtBy: {
      file: `${runtime}/controller/reconcile-log.test.ts`,
      test: 'every reconcile says who it is, what asked for it, how long it took and how it ended',
    },
  },
];
