#!/usr/bin/env node
// The sources run unbuilt, which older versions cannot; they would fail with a syntax error that says nothing.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `sluice-orderbook needs Node.js 24.12 or newer, this is ${process.versions.node}: use npx, or install it.\n`,
  );
  process.exit(1);
}
await import(process.argv[2] === 'watch' ? '../view/main.ts' : '../main.ts');
