// Files for what is being written: chosen, pasted or dropped; each shows how far it is.

import { $, element, icon, text } from './core.js';
import { post, upload } from './http.js';
import { complain, say } from './toast.js';

export class Uploads {
  constructor(form, number) {
    this.form = form;
    this.number = number;
    this.box = $('.ups', form);
    this.files = [];
    this.running = new Set();
    const input = $('input[type=file]', form);
    input.addEventListener('change', () => {
      this.take(input.files);
      input.value = '';
    });
    form.addEventListener('paste', (event) => {
      const { files } = event.clipboardData;
      if (!files.length) return;
      event.preventDefault();
      this.take(files);
    });
    this.listenForDrops($('#thread'));
  }

  listenForDrops(pane) {
    const carries = (event) => this.form.isConnected && event.dataTransfer?.types.includes('Files');
    this.dropping = new AbortController();
    const { signal } = this.dropping;
    pane.addEventListener('dragover', (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      this.form.classList.add('drop');
    }, { signal });
    pane.addEventListener('dragleave', (event) => !pane.contains(event.relatedTarget) && this.form.classList.remove('drop'), { signal });
    pane.addEventListener('drop', (event) => {
      this.form.classList.remove('drop');
      if (!carries(event)) return;
      event.preventDefault();
      this.take(event.dataTransfer.files);
    }, { signal });
  }

  choose() {
    $('input[type=file]', this.form).click();
  }

  show(files) {
    this.files = [];
    this.box.replaceChildren();
    for (const file of files) this.add(file, this.draw(file.name));
  }

  take(files) {
    for (const file of files) this.send(file);
  }

  async send(file) {
    const chip = this.draw(file.name || 'image.png', { busy: true });
    const bar = $('progress', chip);
    const { done, abort } = upload(`/tickets/${this.number}/uploads/`, file, (part) => (bar.value = part));
    this.running.add(chip);
    $('button', chip).onclick = () => {
      // What has been sent may be kept already: then it is removed when its id is known.
      if (bar.value < 0.9) abort();
      chip.remove();
      this.running.delete(chip);
    };
    try {
      const kept = await done;
      if (chip.isConnected) this.add(kept, chip);
      else this.forget(kept);
    } catch (error) {
      if (error.name === 'AbortError') return;
      chip.classList.add('bad');
      $('button', chip).onclick = () => chip.remove();
      complain(error);
      if (!error.message) say(text('too_large', file.name));
    } finally {
      bar.remove();
      this.running.delete(chip);
    }
  }

  add(file, chip) {
    this.files.push(file);
    $('button', chip).onclick = () => {
      this.files = this.files.filter((one) => one.id !== file.id);
      chip.remove();
      this.forget(file);
      $('textarea', this.form).focus();
    };
  }

  forget(file) {
    post(`/tickets/${this.number}/uploads/${file.id}/removal/`, {}, { keepalive: true }).catch(complain);
  }

  draw(name, { busy = false } = {}) {
    const bar = busy ? element('progress', { max: 1, value: 0, 'aria-label': text('uploading', name) }) : null;
    const remove = element('button', { type: 'button', 'aria-label': text('remove', name) }, icon("x"));
    const chip = element('span', { class: 'up' }, icon("paperclip"), element('span', { class: 'trunc' }, name), remove, bar);
    this.box.append(chip);
    return chip;
  }

  busy() {
    return this.running.size > 0;
  }

  // The files go with a message; the composer is empty again.
  release() {
    const taken = this.files;
    this.show([]);
    return taken;
  }

  close() {
    this.dropping.abort();
  }
}
