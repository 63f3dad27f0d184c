// The rich editor, loaded when somebody begins to write. It knows nothing of the page: the composer hands it what it
// needs, so that the first load carries none of it.

import { Editor, Extension, Node } from '@tiptap/core';
import { Table, TableCell, TableHeader, TableRow } from '@tiptap/extension-table';
import { Placeholder } from '@tiptap/extensions';
import { EditorState } from '@tiptap/pm/state';
import StarterKit from '@tiptap/starter-kit';

const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const WIDEST = 600;
const CARET = '\u0001';
const IS_ADDRESS = /^(?:https?:\/\/|mailto:|tel:)/i;

// A picture of the message itself: an upload, named by its id. In HTML it is `cid:`, which no browser may load, so
// while it is here it stands in an attribute of ours.
const Picture = Node.create({
  name: 'picture',
  group: 'inline',
  inline: true,
  draggable: true,
  addOptions: () => ({ address: (id) => id }),
  addAttributes: () => ({ id: { default: null }, alt: { default: '' }, width: { default: null } }),
  parseHTML: () => [{
    tag: 'img[data-cid]',
    getAttrs: (image) => ({ id: image.dataset.cid, alt: image.getAttribute('alt') ?? '', width: image.getAttribute('width') }),
  }],
  renderHTML: ({ node: { attrs } }) => ['img', { 'data-cid': attrs.id, alt: attrs.alt, width: attrs.width }],
  renderText: ({ node }) => (node.attrs.alt ? `[${node.attrs.alt}]` : ''),
  addNodeView() {
    return ({ node: { attrs } }) => {
      const dom = document.createElement('img');
      dom.src = this.options.address(attrs.id);
      dom.className = 'picture';
      dom.alt = attrs.alt;
      if (attrs.width) dom.width = attrs.width;
      return { dom };
    };
  },
});

// Tables keep their cells, not their widths, which would be styles that our content policy forbids.
const PlainTable = Table.extend({ renderHTML: () => ['table', ['tbody', 0]] }).configure({ resizable: false });

// Sending is the composer's: these keys must not make a line.
const Sending = Extension.create({
  name: 'sending',
  priority: 1000,
  addKeyboardShortcuts: () => ({ 'Mod-Enter': () => true, 'Mod-Shift-Enter': () => true }),
});

const inside = (html) => html.replaceAll(/(<img\b[^>]*?)\ssrc="cid:([^"]*)"/g, '$1 data-cid="$2"');
const outside = (html) => html.replaceAll('data-cid="', 'src="cid:').replace(/(?:<p><\/p>)+$/, '');

const escaped = (words) => words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const fromText = (words) =>
  words.split(/\n\s*\n/).map((part) => `<p>${escaped(part).replaceAll('\n', '<br>')}</p>`).join('');

// Sheets and word processors put a picture of what was copied beside the words: then the words are meant.
function hasWords(data) {
  const holder = new DOMParser().parseFromString(data.getData('text/html'), 'text/html');
  return Boolean(data.getData('text/plain').trim() || holder.body.textContent.trim());
}

function keptHere(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    localStorage.setItem(name, value);
  } catch {
    // A convenience.
  }
  return null;
}

const ACTIVE = { heading2: ['heading', { level: 2 }], heading3: ['heading', { level: 3 }] };
const FORMATS = {
  heading2: (chain) => chain.toggleHeading({ level: 2 }),
  heading3: (chain) => chain.toggleHeading({ level: 3 }),
  bold: (chain) => chain.toggleBold(),
  italic: (chain) => chain.toggleItalic(),
  underline: (chain) => chain.toggleUnderline(),
  bulletList: (chain) => chain.toggleBulletList(),
  orderedList: (chain) => chain.toggleOrderedList(),
  blockquote: (chain) => chain.toggleBlockquote(),
  codeBlock: (chain) => chain.toggleCodeBlock(),
  undo: (chain) => chain.undo(),
  redo: (chain) => chain.redo(),
};

// `place` is the element to write in, `tools` the bar of buttons, `attributes` what assistive technology reads.
// `headings` allows them and rules, which articles have and mails have not. Calls `changed()` on each edit, `files(files)` for what is pasted or dropped; `address(id)` says where an upload is seen.
export class RichText {
  constructor({ place, tools, attributes, placeholder, changed, files, address, headings = false }) {
    this.tools = tools;
    this.editor = new Editor({
      element: place,
      injectCSS: false,
      content: '',
      extensions: [
        StarterKit.configure({
          heading: headings && { levels: [2, 3, 4] }, horizontalRule: headings && {}, dropcursor: { class: 'dropping', color: false },
          link: { openOnClick: false, defaultProtocol: 'https', HTMLAttributes: { rel: null, target: null } },
        }),
        PlainTable, TableRow, TableCell, TableHeader,
        Placeholder.configure({ placeholder }),
        Picture.configure({ address }),
        Sending,
      ],
      editorProps: {
        attributes,
        handlePaste: (view, { clipboardData }) => this.takeFiles(clipboardData, files, hasWords(clipboardData)),
        handleDrop: (view, event, slice, moved) => !moved && this.dropFiles(event, files),
        // ProseMirror would swallow Esc, which leads out of what one writes.
        handleDOMEvents: { keydown: (view, { key, isComposing }) => key === 'Escape' && !isComposing },
      },
      onUpdate: changed,
      onTransaction: () => this.press(),
    });
    this.listen();
    this.press();
  }

  takeFiles(data, files, wordsMeant) {
    if (!data.files.length || wordsMeant) return false;
    files([...data.files]);
    return true;
  }

  dropFiles(event, files) {
    if (!event.dataTransfer?.files.length) return false;
    const at = this.editor.view.posAtCoords({ left: event.clientX, top: event.clientY });
    if (at) this.editor.commands.setTextSelection(at.pos);
    event.preventDefault();
    files([...event.dataTransfer.files]);
    return true;
  }

  // ---- what is written

  get element() {
    return this.editor.view.dom;
  }

  value() {
    if (this.editor.isEmpty) return { text: '', html: '' };
    return { text: this.editor.getText({ blockSeparator: '\n' }), html: outside(this.editor.getHTML()) };
  }

  // Shows a text as if it had just been opened: what was undone before belongs to another one.
  show({ text = '', html = '' }, caret = null) {
    const marked = caret === null ? text : text.slice(0, caret) + CARET + text.slice(caret);
    this.editor.commands.setContent(inside(html || fromText(marked)), { emitUpdate: false });
    if (caret !== null && !html) this.placeCaret();
    const { doc, plugins, selection } = this.editor.state;
    this.editor.view.updateState(EditorState.create({ doc, plugins, selection }));
    this.press();
  }

  placeCaret() {
    let at = null;
    this.editor.state.doc.descendants((node, position) => {
      const found = node.isText ? node.text.indexOf(CARET) : -1;
      if (found >= 0) at = position + found;
    });
    if (at === null) return;
    this.editor.chain().deleteRange({ from: at, to: at + 1 }).setTextSelection(at).run();
  }

  // TipTap's own command waits for the next frame; a key pressed before it would go to the page.
  focus() {
    this.editor.commands.setTextSelection(this.editor.state.doc.content.size);
    this.focusHere();
  }

  focusHere() {
    this.editor.view.focus();
  }

  // Words at the caret: one line within its paragraph, several as paragraphs of their own.
  insert(words) {
    this.focusHere();
    const { editor } = this;
    if (/\n/.test(words)) editor.commands.insertContent(fromText(words));
    else editor.commands.insertContent({ type: 'text', text: words });
  }

  insertHtml(html) {
    this.focusHere();
    this.editor.commands.insertContent(inside(html));
  }

  add(html) {
    this.editor.chain().focus('end').insertContent(inside(html)).run();
  }

  addPicture({ id, name, width }) {
    const attrs = { id, alt: name, width: width ? Math.min(width, WIDEST) : null };
    this.editor.chain().focus().insertContent([{ type: 'picture', attrs }, { type: 'text', text: ' ' }]).run();
  }

  static takes(file) {
    return PICTURES.includes(file.type);
  }

  close() {
    this.listening?.abort();
    this.editor.destroy();
  }

  // ---- the bar

  listen() {
    this.listening = new AbortController();
    const { signal } = this.listening;
    const buttons = () => [...this.tools.querySelectorAll('[data-format]')];
    // The selection must survive a click on a button.
    this.tools.addEventListener('mousedown', (event) => event.target.closest('button') && event.preventDefault(), { signal });
    this.tools.addEventListener('click', ({ target }) => {
      const format = target.closest('[data-format]')?.dataset.format;
      if (format === 'link') this.askLink();
      else FORMATS[format]?.(this.editor.chain().focus()).run();
    }, { signal });
    this.tools.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || !event.target.matches('[data-format]')) return;
      event.preventDefault();
      const all = buttons();
      const next = all[(all.indexOf(event.target) + step + all.length) % all.length];
      for (const one of all) one.tabIndex = one === next ? 0 : -1;
      next.focus();
    }, { signal });
    const smile = this.tools.closest('form').querySelector('[data-emoji]');
    smile?.addEventListener('click', () => this.chooseEmoji(smile), { signal });
    document.addEventListener('click', ({ target }) => !smile?.contains(target) && target.isConnected && !this.emoji?.node.contains(target) && this.shutEmoji(smile), { signal });
    const form = this.tools.querySelector('[data-link]');
    form.querySelector('input').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== 'Escape') return;
      event.preventDefault();
      event.stopPropagation();
      if (event.key === 'Enter') this.setLink(event.target.value);
      else this.closeLink();
    }, { signal });
    form.querySelector('button').addEventListener('click', () => this.setLink(form.querySelector('input').value), { signal });
  }

  press() {
    for (const button of this.tools.querySelectorAll('[aria-pressed][data-format]'))
      button.setAttribute('aria-pressed', String(this.editor.isActive(...(ACTIVE[button.dataset.format] ?? [button.dataset.format]))));
    for (const name of ['undo', 'redo']) this.tools.querySelector(`[data-format=${name}]`).setAttribute('aria-disabled', String(!this.editor.can()[name]()));
  }

  // What there is to choose from comes when it is first wanted.
  async chooseEmoji(smile) {
    if (this.emoji && !this.emoji.node.hidden) return this.shutEmoji(smile);
    const module = this.emoji ? null : await import(smile.dataset.emoji).catch(() => null);
    if (module) {
      const close = () => {
        this.shutEmoji(smile);
        this.editor.commands.focus();
      };
      this.emoji = module.open({ kept: keptHere, onPick: (char) => (close(), this.insert(char)), onClose: close });
      document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: smile.dataset.styles }));
      smile.parentElement.append(this.emoji.node);
    }
    if (!this.emoji) return;
    this.emoji.node.hidden = false;
    smile.setAttribute('aria-expanded', 'true');
    this.emoji.show();
  }

  shutEmoji(smile) {
    if (!this.emoji || this.emoji.node.hidden) return;
    this.emoji.node.hidden = true;
    smile.setAttribute('aria-expanded', 'false');
  }

  askLink() {
    const form = this.tools.querySelector('[data-link]');
    const field = form.querySelector('input');
    if (!form.hidden) return this.closeLink();
    form.hidden = false;
    field.value = this.editor.getAttributes('link').href ?? '';
    field.focus();
    field.select();
  }

  closeLink() {
    this.tools.querySelector('[data-link]').hidden = true;
    this.focusHere();
  }

  // An empty address takes the link away; one without a scheme is meant as a page or as an e-mail address.
  setLink(typed) {
    const address = typed.trim();
    const href = !address || IS_ADDRESS.test(address) ? address : address.includes('@') ? `mailto:${address}` : `https://${address}`;
    const chain = this.editor.chain().focus().extendMarkRange('link');
    if (!href) chain.unsetLink().run();
    else if (this.editor.state.selection.empty && !this.editor.isActive('link'))
      chain.insertContent([{ type: 'text', text: address, marks: [{ type: 'link', attrs: { href } }] }]).run();
    else chain.setLink({ href }).run();
    this.closeLink();
  }
}
