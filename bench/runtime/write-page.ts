/** Writes what was measured last into bench/RESULTS.md, between its markers; the words around them are people's. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { places } from './layout.ts';
import { microTable, replaceSection, runtimeTables } from './page.ts';
import { readMicro, readResults } from './results.ts';

const page = join(places.root, 'bench/RESULTS.md');
const text = await readFile(page, 'utf8');
const withRuntimes = replaceSection(text, 'runtimes', runtimeTables(await readResults()));
await writeFile(page, replaceSection(withRuntimes, 'micro', microTable(await readMicro())));
