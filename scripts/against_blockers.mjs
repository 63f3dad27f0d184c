// Whether lists of blockers stop or hide something of ours. Told by standard input what was loaded and what stands on
// the pages, answers as JSON what would be stopped and which selectors would be tried there:
//
//   node scripts/against_blockers.mjs FOLDER-OF-LISTS NODE_MODULES < told.json
//   told: {requests: [{url, type, page}], pages: [{url, classes, ids, links}]}
//   answer: {lists: [{name, version, rules}], stopped: [{list, url, filter}], selectors: [[{list, selector}] of each page]}
//
// The lists (*.txt) and the engine that reads them as blockers do (@ghostery/adblocker) are no part of the product.
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, modules] = process.argv.slice(2);
const engine = join(resolve(modules), '@ghostery', 'adblocker', 'dist', 'esm', 'index.js');
const { FiltersEngine, Request } = await import(pathToFileURL(engine));
const told = JSON.parse(readFileSync(0, 'utf8'));
const answer = { lists: [], stopped: [], selectors: told.pages.map(() => []) };

const headed = (text, name) => text.slice(0, 4000).match(new RegExp(`^! ${name}: *(.+)$`, 'm'))?.[1] ?? '';

for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt')).sort()) {
  const text = readFileSync(join(folder, file), 'utf8');
  const name = headed(text, 'Title') || file;
  const reader = FiltersEngine.parse(text, { enableCompression: false });
  answer.lists.push({ name, version: headed(text, 'Version') || headed(text, 'TimeUpdated'), rules: text.split('\n').filter((line) => line && line[0] !== '!').length });
  for (const { url, type, page } of told.requests) {
    const found = reader.match(Request.fromRawDetails({ url, type, sourceUrl: page }));
    if (found.match) answer.stopped.push({ list: name, url, filter: String(found.filter ?? '') });
  }
  told.pages.forEach(({ url, classes, ids, links }, index) => {
    const { hostname } = new URL(url);
    const domain = hostname.split('.').slice(-2).join('.');
    const { matches } = reader.matchCosmeticFilters({ url, hostname, domain, ancestors: [], classes, ids, hrefs: links, getBaseRules: true, getInjectionRules: false, getExtendedRules: false, getRulesFromDOM: true, getRulesFromHostname: true });
    for (const { filter } of matches) answer.selectors[index].push({ list: name, selector: filter.getSelector() });
  });
}
process.stdout.write(JSON.stringify(answer));
