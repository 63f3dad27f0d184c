// What is written in: a plain field at once, the rich editor as soon as it has been loaded. Where that fails, for want
// of a line or in an old browser, the plain field goes on working.

import { $, text } from './core.js';
import { complain } from './toast.js';

export const isBlank = (draft) => !draft?.text?.trim() && !draft?.html;

export const pictureAddress = (id) => `/files/${id}/thumb/?size=large`;

const PAUSE = 250;
let module = null;

export class Words {
  constructor(form, { changed, files }) {
    Object.assign(this, { form, changed, files, rich: null, loading: null, closed: false });
    this.field = $('textarea.ed', form);
    this.tools = $('.tools', form);
    this.field.addEventListener('input', () => {
      this.fit();
      changed();
    });
    this.typedAt = -PAUSE;
    this.field.addEventListener('keydown', () => (this.typedAt = performance.now()));
    for (const kind of ['compositionstart', 'compositionend'])
      this.field.addEventListener(kind, () => (this.isComposing = kind === 'compositionstart'));
    // Whoever comes near means to write.
    form.addEventListener('pointerenter', () => this.load());
    form.addEventListener('focusin', () => this.load());
  }

  get element() {
    return this.rich?.element ?? this.field;
  }

  value() {
    return this.rich ? this.rich.value() : { text: this.field.value, html: '' };
  }

  isEmpty() {
    return isBlank(this.value());
  }

  // `html` can only be shown by the editor; until it is here its words stand in the field.
  show({ text: words = '', html = '' } = {}) {
    this.waiting = html ? { text: words, html } : null;
    if (this.rich) this.rich.show({ text: words, html });
    else {
      this.field.value = words;
      if (html) this.load();
    }
    this.fit();
  }

  hint(placeholder) {
    this.field.placeholder = placeholder;
    this.placeholder = placeholder;
    this.element.setAttribute('aria-label', placeholder);
  }

  focus() {
    if (this.rich) return this.rich.focus();
    this.field.focus();
    this.field.setSelectionRange(this.field.value.length, this.field.value.length);
  }

  // At the caret, with the focus; in the plain field without the page's undo being lost where browsers allow it.
  insert(words) {
    if (this.rich) return this.rich.insert(words);
    this.field.focus();
    this.field.setRangeText(words, this.field.selectionStart, this.field.selectionEnd, 'end');
    this.field.dispatchEvent(new Event('input', { bubbles: true }));
  }

  // With its formatting if it has any and the editor can be had.
  async insertFormatted({ text: words, html }) {
    if (html && (await this.load())) this.rich.insertHtml(html);
    else this.insert(words);
  }

  // Browsers without `field-sizing` are helped.
  fit() {
    if (this.rich || CSS.supports('field-sizing', 'content')) return;
    this.field.style.height = 'auto';
    this.field.style.height = `${this.field.scrollHeight + 2}px`;
  }

  load() {
    if (this.rich) return Promise.resolve(true);
    this.loading ??= this.bring().catch((error) => {
      this.loading = null;
      if (navigator.onLine) console.warn(error);
      return false;
    });
    return this.loading;
  }

  async bring() {
    module ??= await import(this.form.dataset.editor).catch((error) => {
      module = null;
      throw error;
    });
    // What an input method is in the middle of must not be taken away.
    if (this.composing()) await new Promise((done) => this.field.addEventListener('compositionend', done, { once: true }));
    // Nor is the field changed under somebody's fingers: a key between the two would be lost.
    while (this.field === document.activeElement && performance.now() - this.typedAt < PAUSE) await new Promise((done) => setTimeout(done, PAUSE / 5));
    if (!this.closed && this.form.isConnected) this.swap(module.RichText);
    return this.rich !== null;
  }

  composing() {
    return this.field.matches(':focus') && this.isComposing === true;
  }

  swap(RichText) {
    const { field } = this;
    const focused = field === document.activeElement;
    const held = this.waiting?.text === field.value ? this.waiting : { text: field.value };
    const place = document.createElement('div');
    place.className = 'rich';
    field.after(place);
    this.rich = new RichText({
      place, tools: this.tools, placeholder: () => this.placeholder, changed: this.changed, files: this.files, address: pictureAddress,
      attributes: { id: 'words', class: 'ed', role: 'textbox', 'aria-multiline': 'true', 'aria-label': this.placeholder, spellcheck: 'true' },
    });
    field.removeAttribute('id');
    // Also while a menu has the focus: what is chosen there goes where one wrote.
    this.rich.show(held, held.html || !field.value ? null : field.selectionStart);
    if (focused && held.html) this.rich.focus();
    else if (focused) this.rich.focusHere();
    field.hidden = true; // when it no longer has the focus, or the next key would be lost
  }

  takesPicture(file) {
    return this.rich !== null && module.RichText.takes(file);
  }

  addPicture(picture) {
    if (this.rich) this.rich.addPicture(picture);
    else complain(new Error(text('failed')));
  }

  close() {
    this.closed = true;
    this.rich?.close();
  }
}
