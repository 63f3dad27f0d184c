// Files for what is being written: chosen, pasted or dropped; each shows how far it is.

import { $, element, icon, kept, me, text } from './core.js';
import { post, Refusal, upload } from './http.js';
import { complain, say } from './toast.js';

// Removals the server has not confirmed yet, or confirmed to the page before this one when this one was asked for
// already. A page that is drawn meanwhile must not bring such a file back.
const BEGUN = Date.now();
const place = (number) => `removed-files:${me}:${number}`;
const fresh = ({ confirmed }) => !confirmed || (confirmed >= performance.timeOrigin && confirmed <= BEGUN);

function removals(number) {
  try {
    return JSON.parse(kept(place(number)) || '[]').filter(fresh);
  } catch {
    return [];
  }
}

const keepRemovals = (number, list) => kept(place(number), list.length ? JSON.stringify(list) : null);

export class Uploads {
  constructor(form, number, words) {
    this.form = form;
    this.words = words;
    this.number = number;
    this.box = $('.ups', form);
    this.files = [];
    this.running = new Set();
    for (const { id, confirmed } of removals(number)) if (!confirmed) this.forget(id);
    const input = $('input[type=file]', form);
    input.addEventListener('change', () => {
      this.take(input.files);
      input.value = '';
    });
    form.addEventListener('paste', (event) => {
      const { files } = event.clipboardData;
      if (!files.length || event.defaultPrevented || event.clipboardData.getData('text/plain')) return;
      event.preventDefault();
      this.take(files, { inline: true });
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
      if (!carries(event) || event.defaultPrevented) return;
      event.preventDefault();
      this.take(event.dataTransfer.files, { inline: true });
    }, { signal });
  }

  choose() {
    $('input[type=file]', this.form).click();
  }

  // What is on its way stays; it is in none of the lists yet.
  show(files) {
    const removed = removals(this.number).map(({ id }) => id);
    this.files = [];
    this.box.replaceChildren(...this.running);
    for (const file of files) if (!removed.includes(file.id)) this.add(file, this.draw(file.name));
  }

  // `inline`: pictures were put where one writes, so they stand in the text.
  async take(files, { inline = false } = {}) {
    const taken = [...files];
    if (inline) await this.words.load();
    for (const file of taken) this.send(file, inline && this.words.takesPicture(file));
  }

  // The file's id is ours, so it can be removed before we have heard of its arrival, or never will.
  async send(file, inline = false) {
    const id = crypto.randomUUID();
    const chip = this.draw(file.name || 'image.png', { busy: true });
    const bar = $('progress', chip);
    const fields = inline ? { id, inline: 1 } : { id };
    const { done, abort } = upload(`/tickets/${this.number}/uploads/`, file, fields, (part) => (bar.value = part));
    this.running.add(chip);
    this.onRemoval(chip, id, abort);
    try {
      const stored = await done;
      if (this.running.has(chip)) await (inline ? this.place(stored, file, chip) : this.add(stored, chip));
    } catch (error) {
      if (!this.running.has(chip)) return;
      chip.classList.add('bad');
      complain(error);
      if (!error.message) say(text('too_large', file.name));
    } finally {
      bar.remove();
      this.running.delete(chip);
    }
  }

  async place(stored, file, chip) {
    const width = await createImageBitmap(file).then((picture) => picture.width, () => null);
    chip.remove();
    this.words.addPicture({ ...stored, width });
  }

  add(file, chip) {
    this.files.push(file);
    this.onRemoval(chip, file.id);
  }

  onRemoval(chip, id, abort = () => {}) {
    $('button', chip).onclick = () => {
      this.files = this.files.filter((one) => one.id !== id);
      this.running.delete(chip);
      chip.remove();
      this.forget(id);
      abort();
      this.words.focus();
    };
  }

  // Tried again whenever the ticket is opened until the server has said yes or no.
  async forget(id) {
    const others = () => removals(this.number).filter((one) => one.id !== id);
    keepRemovals(this.number, [...others(), { id }]);
    try {
      await post(`/tickets/${this.number}/uploads/${id}/removal/`, {}, { keepalive: true });
      keepRemovals(this.number, [...others(), { id, confirmed: Date.now() }]);
    } catch (error) {
      if (error instanceof Refusal && error.status < 500) keepRemovals(this.number, others());
      complain(error);
    }
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
