import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KindName, kinds } from '@sluice/api';
import { describe, expect, test } from 'vitest';
import { referenceGenerator } from './reference.ts';

const root = join(import.meta.dirname, '../..');
const rooms: Record<KindName, string> = {
  AppDeployment: 'app-deployment',
  SequenceCounter: 'sequence-counter',
  OrderBook: 'order-book',
};

/** Makers of the conditions that several kinds have (operator/controllers/children/acceptance.ts). */
const shared = { accepted: 'Accepted', authenticated: 'Authenticated' };

/** Types of the conditions that the source of a controller makes, by itself or by calling a shared maker. */
function conditionsMade(room: string): string[] {
  const folder = join(root, 'operator/controllers', room);
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  const own = sources
    .filter((text) => text.includes('ConditionInput'))
    .flatMap((text) => [...text.matchAll(/\btype(?::| =) '([A-Z]\w+)'/g)].map(([, type = '']) => type));
  const called = Object.entries(shared)
    .filter(([maker]) => sources.some((text) => text.includes(`${maker}(`)))
    .map(([, type]) => type);
  return [...new Set([...own, ...called])].sort();
}

describe.each(Object.keys(rooms) as KindName[])('%s', (kind) => {
  const page =
    referenceGenerator.files().find(({ path }) => path === `docs/reference/${rooms[kind]}.md`)?.content ?? '';

  test('lists the conditions that its controller makes', () => {
    expect(Object.keys(kinds[kind].conditions).sort()).toEqual(conditionsMade(rooms[kind]));
    for (const type of Object.keys(kinds[kind].conditions)) expect(page).toContain(`| \`${type}\` |`);
  });

  test('has a row for every field of spec and status', () => {
    for (const part of ['spec', 'status'] as const) {
      for (const field of Object.keys(kinds[kind][part].properties)) expect(page).toContain(`| \`${part}.${field}\` |`);
    }
  });

  test('has each sentence that a bad resource is refused with', () => {
    const schema = JSON.stringify(kinds[kind].spec);
    const sentences = [...schema.matchAll(/"message":("(?:[^"\\]|\\.)*")/g)].map(([, text = '""']) =>
      String(JSON.parse(text)),
    );
    expect(sentences.length).toBeGreaterThan(10);
    for (const sentence of sentences) expect(page).toContain(sentence);
  });
});
