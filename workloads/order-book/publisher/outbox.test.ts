import { expect, it } from 'vitest';
import * as store from '../exchange/store.ts';
import * as outbox from './outbox.ts';
import { loadOutboxProgram, outboxMutations } from './testing/mutations.ts';
import { checkOutbox } from './testing/outbox-checks.ts';

it('the files hold every trade once, through power cuts, full disks, damage and other histories', async () => {
  await checkOutbox({ outbox, store });
});

it.each(outboxMutations)('a bug is noticed: $name', async (mutation) => {
  await expect(checkOutbox(await loadOutboxProgram(mutation))).rejects.toThrow();
});
