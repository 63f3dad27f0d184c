// Where an article is written: the rich editor over the field that holds its HTML. Without it the field goes on working.
// It shares nothing with the inbox, so that the inbox loads nothing for it.

const NOBODY = '00000000-0000-0000-0000-000000000000';
const form = document.querySelector('[data-article]');
const field = form.querySelector('textarea[name=body]');
const tools = form.querySelector('.tools');
const refused = form.querySelector('[data-refused]');

function replaceField(module) {
  const place = document.createElement('div');
  place.className = 'rich';
  field.after(place);
  place.before(tools);
  const rich = new module.RichText({
    place, tools, headings: true, placeholder: () => '', changed: () => {}, files: (files) => files.forEach((file) => send(rich, file)),
    address: (id) => form.dataset.pictures.replace(NOBODY, id),
    attributes: { id: field.id, class: 'ed', role: 'textbox', 'aria-multiline': 'true', 'aria-label': field.labels[0].textContent.trim() },
  });
  rich.show({ html: field.value });
  field.removeAttribute('id');
  field.hidden = true;
  tools.hidden = false;
  form.addEventListener('submit', () => (field.value = rich.value().html));
  return rich;
}

async function send(rich, file) {
  const body = new FormData();
  body.append('file', file);
  const headers = { 'X-CSRFToken': document.querySelector('meta[name=csrf-token]').content, 'X-Requested-With': 'fetch' };
  const answer = await fetch(form.dataset.upload, { method: 'POST', body, headers }).catch(() => null);
  const said = await answer?.json().catch(() => null);
  refused.textContent = answer?.ok ? '' : said?.message || refused.dataset.refused;
  if (answer?.ok) rich.addPicture({ id: said.id, name: file.name.replace(/\.\w+$/, ''), width: said.width });
}

async function start() {
  const module = await import(form.dataset.editor).catch(() => null);
  if (!module) return;
  const rich = replaceField(module);
  const chooser = form.querySelector('[data-picture]');
  form.querySelector('[data-format=picture]').addEventListener('click', () => chooser.click());
  chooser.addEventListener('change', () => {
    for (const file of chooser.files) send(rich, file);
    chooser.value = '';
  });
}

// Ctrl S keeps the draft, wherever one is in the form.
form.addEventListener('keydown', (event) => {
  if (event.key.toLowerCase() !== 's' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector('button[value=save]'));
});
start();
