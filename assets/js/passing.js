// What goes along when a message, or the whole conversation, is passed on: told, and its files to choose from.

import { $, $$, element, text } from './core.js';
import { get } from './http.js';
import { complain } from './toast.js';

export class Passing {
  constructor(form, number) {
    this.number = number;
    this.box = $('.pass', form);
    this.what = null;
  }

  async load(about) {
    try {
      this.what = await get(`/tickets/${this.number}/forward/?message=${about ?? ''}`);
      this.draw();
      return true;
    } catch (error) {
      complain(error);
      return false;
    }
  }

  draw() {
    const { count, subject, files } = this.what;
    $('.told', this.box).textContent = count === 1 ? text('passes_one', subject) : text('passes_all', count, subject);
    $('.along', this.box).replaceChildren(...files.map(({ id, name }) =>
      element('label', { class: 'up' }, element('input', { type: 'checkbox', value: id, checked: true }), element('span', { class: 'trunc' }, name))));
  }

  show(on) {
    if (this.box) this.box.hidden = !on;
  }

  chosen() {
    return { message: this.what.about, originals: $$('input:checked', this.box).map((one) => one.value) };
  }
}
