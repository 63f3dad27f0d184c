// A window of emoji by groups: found by name, gone through by arrows, closed by Escape. What is chosen is given away as
// a character. Loaded when it is first opened; used by the visitor's chat and by agents alike.

const LATELY = 'emoji';
const KEPT = 8;

const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

// `kept(name, value)` reads or keeps a text in this browser; `onPick(character)`; `onClose()` when it was given up.
export function makePicker({ words, groups, kept, onPick, onClose }) {
  const field = element('input', { type: 'search', placeholder: words.search, 'aria-label': words.search, autocomplete: 'off', maxlength: 40, dir: 'auto' });
  const shelf = element('div', { class: 'emoji-shelf' });
  const none = element('p', { role: 'status' });
  const node = element('div', { class: 'emoji', role: 'dialog', 'aria-label': words.title }, field, shelf, none);
  const known = groups.flatMap(([, some]) => some);
  const readLately = () => (kept(LATELY) || '').split(' ').map((char) => known.find((one) => one.startsWith(`${char}|`))).filter(Boolean);

  function button(one) {
    const [char, name] = one.split('|');
    return element('button', { type: 'button', tabindex: '-1', 'aria-label': name, title: name, 'data-emoji': char }, char);
  }

  function draw() {
    const wanted = field.value.trim().toLowerCase();
    const lately = readLately();
    const shown = wanted
      ? [['', known.filter((one) => one.toLowerCase().includes(wanted))]]
      : [...(lately.length ? [[words.lately, lately]] : []), ...groups];
    shelf.replaceChildren(...shown.filter(([, some]) => some.length).map(([name, some]) =>
      element('div', { role: 'group', 'aria-label': name || words.title }, ...(name ? [element('b', { 'aria-hidden': 'true' }, name)] : []), ...some.map(button))));
    none.textContent = shelf.childElementCount ? '' : words.none;
    const first = shelf.querySelector('button');
    if (first) first.tabIndex = 0;
  }

  function pick(char) {
    kept(LATELY, [char, ...(kept(LATELY) || '').split(' ').filter((one) => one && one !== char)].slice(0, KEPT).join(' '));
    onPick(char);
  }

  // The nearest of the row above or below, wherever rows break.
  function above(all, from, way) {
    const { left, top } = from.getBoundingClientRect();
    const rows = all.map((one) => [one, one.getBoundingClientRect()]).filter(([, box]) => (box.top - top) * way > 4);
    const next = Math.min(...rows.map(([, box]) => Math.abs(box.top - top)));
    const row = rows.filter(([, box]) => Math.abs(Math.abs(box.top - top) - next) < 4);
    return row.sort(([, one], [, other]) => Math.abs(one.left - left) - Math.abs(other.left - left))[0]?.[0];
  }

  function onKey(event) {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      return void onClose();
    }
    const all = [...shelf.querySelectorAll('button')];
    if (event.target === field) {
      if (event.key === 'Enter') {
        event.preventDefault();
        if (field.value && all[0]) pick(all[0].dataset.emoji);
      } else if (event.key === 'ArrowDown' && all[0]) {
        event.preventDefault();
        turn(all, all[0]);
      }
      return;
    }
    const at = all.indexOf(event.target);
    if (at < 0) return;
    const on = node.matches(':dir(rtl)') ? -1 : 1;
    const next = {
      ArrowRight: () => all[at + on], ArrowLeft: () => all[at - on], Home: () => all[0], End: () => all.at(-1),
      ArrowDown: () => above(all, event.target, 1), ArrowUp: () => above(all, event.target, -1) ?? field,
    }[event.key];
    if (!next) return;
    event.preventDefault();
    turn(all, next());
  }

  function turn(all, to) {
    if (!to) return;
    if (to !== field) for (const one of all) one.tabIndex = one === to ? 0 : -1;
    to.focus();
  }

  field.addEventListener('input', draw);
  node.addEventListener('keydown', onKey);
  node.addEventListener('click', ({ target }) => target.dataset?.emoji && pick(target.dataset.emoji));
  return {
    node,
    show() {
      field.value = '';
      draw();
      field.focus();
    },
  };
}
