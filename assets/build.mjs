// Builds static/dist: the CSS and JavaScript entries, the sprite of the icons in use, the fonts.
// Names stay plain here; collectstatic gives them their hashes.
import { build } from 'esbuild';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative } from 'node:path';

const here = import.meta.dirname;
const root = dirname(here);
const out = join(root, 'static', 'dist');
const modules = join(root, 'node_modules');
const APPS = ['tickets', 'people', 'channels_inbound', 'events', 'helpdesk', 'knowledge', 'commerce', 'metrics', 'assistant', 'livechat', 'privacy'];

function* filesUnder(folder, extensions) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path, extensions);
    else if (extensions.includes(extname(entry.name))) yield path;
  }
}

// An icon is used where a file names it: {% icon "name" %}, icons.svg#name, icon("name") or icon = "name".
function iconsInUse() {
  const patterns = [/\{%\s*icon\s+["']([a-z0-9-]+)["']/g, /icons\.svg#([a-z0-9-]+)/g, /\bicon\s*(?:=|:|\()\s*["']([a-z0-9-]+)["']/g];
  const used = new Map();
  const folders = [join(root, 'templates'), here, ...APPS.map((app) => join(root, app))];
  for (const folder of folders)
    for (const file of filesUnder(folder, ['.html', '.py', '.js', '.css']))
      for (const pattern of patterns)
        for (const match of readFileSync(file, 'utf8').matchAll(pattern))
          if (!used.has(match[1])) used.set(match[1], relative(root, file));
  return used;
}

function symbol(name, usedIn) {
  const file = join(modules, 'lucide-static', 'icons', `${name}.svg`);
  if (!existsSync(file)) throw new Error(`${usedIn} uses the icon "${name}", which lucide-static does not have`);
  const drawing = readFileSync(file, 'utf8')
    .replace(/<!--.*?-->/gs, '')
    .replace(/^[\s\S]*?<svg[\s\S]*?>/, '')
    .replace('</svg>', '')
    .replace(/\s+/g, ' ')
    .trim();
  return `<symbol id="${name}" viewBox="0 0 24 24" stroke-linecap="round" stroke-linejoin="round">${drawing}</symbol>`;
}

function writeSprite() {
  const icons = [...iconsInUse()].sort(([a], [b]) => (a < b ? -1 : 1));
  const body = icons.map(([name, usedIn]) => symbol(name, usedIn)).join('');
  writeFileSync(join(out, 'icons.svg'), `<svg xmlns="http://www.w3.org/2000/svg">${body}</svg>`);
  return icons.length;
}

// Made by scripts/make_fonts.py.
function copyFonts() {
  for (const font of filesUnder(join(here, 'fonts'), ['.woff2'])) copyFileSync(font, join(out, basename(font)));
}

const entries = (kind) => [...filesUnder(join(here, kind, 'entries'), [`.${kind}`])];
const bundle = (entryPoints, options) =>
  entryPoints.length &&
  build({ entryPoints, outdir: out, bundle: true, minify: true, target: 'es2022', logLevel: 'warning', legalComments: 'eof', ...options });

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
copyFonts();
const icons = writeSprite();
await bundle(entries('css'), { external: ['*.woff2', '*.svg'] });
await bundle(entries('js'), { format: 'esm', splitting: true, chunkNames: 'chunk-[hash]' });
// What goes to other people's pages: each one file, sharing nothing with ours.
const widget = join(here, 'widget');
await bundle([join(widget, 'widget-loader.js'), join(widget, 'widget-more.js'), join(widget, 'contact-loader.js')], { format: 'iife' });
await bundle([join(widget, 'widget.js'), join(widget, 'widget-ask.js')], { format: 'esm' });
await bundle([join(widget, 'widget.css'), join(widget, 'emoji.css')], {});
// Loaded when somebody wants an emoji: one file a language, which agents' pages use too.
await bundle([...filesUnder(join(widget, 'emoji'), ['.js'])], { format: 'esm' });
console.log(`Assets: ${entries('css').length} stylesheets, ${entries('js').length} scripts, ${icons} icons.`);
