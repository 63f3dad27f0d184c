// To, Cc and Bcc as chips: typed, pasted, removed; whoever is not in the conversation yet is marked.

import { $, $$, element, icon, text } from './core.js';

const FIELDS = ['to', 'cc', 'bcc'];
const ADDRESS = /^[^\s@<>()[\],;:\\"]{1,64}@[^\s@<>()[\],;:\\"]{1,255}$/;
const ENDS = ['Enter', ',', ';'];

export const isAddress = (value) => ADDRESS.test(value);

// "Zoe <zoe@shop.example>, ben@shop.example" as entries; what is no address stays as it was typed.
export function parse(typed) {
  return typed.split(/[,;\n]+/).map((part) => part.trim()).filter(Boolean).map((part) => {
    const [, name, address] = part.match(/^"?([^"<]*?)"?\s*<([^<>]+)>$/) ?? [null, '', part];
    return { name: name.trim(), address: address.trim().toLowerCase() };
  });
}

export class Recipients {
  constructor(form, changed) {
    this.form = form;
    this.changed = changed;
    this.lists = { to: [], cc: [], bcc: [] };
    this.known = new Set();
    this.touched = false;
    this.summary = $('[data-cmd=recipients]', form);
    for (const box of $$('.chips', form)) this.listen(box, box.dataset.field);
  }

  listen(box, field) {
    const input = $('input', box);
    input.addEventListener('keydown', (event) => {
      if (event.isComposing) return;
      if (ENDS.includes(event.key) && input.value.trim()) {
        event.preventDefault();
        this.take(field, input);
      } else if (event.key === 'Enter') {
        event.preventDefault();
      } else if (event.key === 'Backspace' && !input.value && this.lists[field].length) {
        this.remove(field, this.lists[field].length - 1);
      }
    });
    input.addEventListener('blur', () => this.take(field, input));
    input.addEventListener('paste', (event) => {
      const pasted = event.clipboardData.getData('text');
      if (!/[,;\n<]/.test(pasted)) return;
      event.preventDefault();
      this.add(field, parse(pasted));
    });
    box.addEventListener('click', (event) => {
      const button = event.target.closest('button');
      if (button) this.remove(field, $$('.rc', box).indexOf(button.parentElement));
      else if (event.target === box) input.focus();
    });
  }

  take(field, input) {
    if (!input.value.trim()) return;
    const typed = parse(input.value);
    input.value = '';
    this.add(field, typed);
  }

  // What was typed but not ended counts too: people press Send with the address still in the field.
  commit() {
    for (const box of $$('.chips', this.form)) this.take(box.dataset.field, $('input', box));
  }

  add(field, entries) {
    for (const entry of entries)
      if (!this.lists[field].some((one) => one.address === entry.address)) this.lists[field].push(entry);
    this.edited();
  }

  remove(field, at) {
    this.lists[field].splice(at, 1);
    this.edited();
    $(`.chips[data-field=${field}] input`, this.form).focus();
  }

  edited() {
    this.touched = true;
    this.draw();
    this.changed();
  }

  // Shows these lists; not an edit of the agent's.
  show(lists, known = [...this.known]) {
    this.known = new Set(known.map((one) => one.toLowerCase()));
    for (const field of FIELDS) this.lists[field] = [...(lists[field] ?? [])];
    this.draw();
  }

  everyone() {
    return FIELDS.flatMap((field) => this.lists[field]);
  }

  outside() {
    return this.everyone().map((one) => one.address).filter((address) => isAddress(address) && !this.known.has(address));
  }

  invalid() {
    return this.everyone().find((one) => !isAddress(one.address)) ?? null;
  }

  draw() {
    for (const field of FIELDS) {
      const box = $(`.chips[data-field=${field}]`, this.form);
      if (!box) return;
      for (const chip of $$('.rc', box)) chip.remove();
      $('input', box).before(...this.lists[field].map((one) => this.chip(one)));
    }
    if (this.summary) this.summary.textContent = this.say();
  }

  chip({ name, address }) {
    const kind = !isAddress(address) ? ' badly' : this.known.has(address) ? '' : ' out';
    const remove = element('button', { type: 'button', 'aria-label': text('remove', address) }, icon("x"));
    return element('span', { class: `rc${kind}`, title: address }, element('span', { class: 'trunc' }, name || address), remove);
  }

  say() {
    const all = this.everyone();
    if (!all.length) return text('to_nobody');
    const first = all[0].name || all[0].address;
    return all.length === 1 ? text('to', first) : text('to_more', first, all.length - 1);
  }
}
