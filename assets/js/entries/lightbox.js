// Pictures of a conversation, large: arrows go through them, + and - zoom, dragging moves, Esc leads back to where one
// was. What is shown is always a picture our server made (tickets/files.py); the original is a download.
// The ticket gives this file what it works with and loads it with the first picture (assets/js/pictures.js).

export function start({ $, $$, ours, text }) {
  const LEVELS = [1, 1.5, 2, 3, 4];
  let shown = [];
  let at = 0;
  let level = 0;
  let opener = null;
  let drag = null;

  const box = () => $('#picture');
  const image = () => $('img', box());
  const stage = () => $('.stage', box());

  // A picture one can look at, from a card, from an agent's words or from inside a mail's frame.
  function seen(node) {
    if (node.matches('a.file[data-picture]')) {
      const href = node.getAttribute('href');
      return { node, src: `${href}thumb/?size=large`, name: $('.trunc', node).textContent, href };
    }
    const { pathname, search } = new URL(node.src);
    if (!ours.test(pathname)) return null;
    return { node, src: pathname + search, name: node.alt, href: pathname.match(ours)[0] };
  }

  const inFrame = (frame) => $$('img[src]', frame.contentDocument ?? document.createElement('div'));

  function allIn(timeline) {
    const nodes = $$('a.file[data-picture], .written img[src], iframe.frame', timeline).flatMap((node) => (node.matches('iframe') ? inFrame(node) : [node]));
    return nodes.map(seen).filter(Boolean);
  }

  function open(node) {
    const timeline = $('#timeline');
    shown = allIn(timeline);
    at = shown.findIndex((one) => one.node === node);
    if (at < 0) return;
    opener = node.closest?.('a, [tabindex]') ?? node.ownerDocument.defaultView?.frameElement ?? null;
    draw();
    box().showModal();
    $('[data-step="1"]:not([hidden])', box())?.focus();
  }

  function draw() {
    const { src, name, href } = shown[at];
    zoom(0);
    box().toggleAttribute('data-failed', false);
    image().src = src;
    image().alt = name;
    $('h2', box()).textContent = name;
    $('.num', box()).textContent = shown.length > 1 ? text('picture_of', at + 1, shown.length) : '';
    $('a', box()).href = href;
    for (const button of $$('[data-step]', box())) button.hidden = shown.length < 2;
  }

  function step(by) {
    if (shown.length < 2) return;
    at = (at + by + shown.length) % shown.length;
    draw();
  }

  // Level 0 is the whole picture; the middle of what one sees stays in the middle.
  function zoom(to) {
    const picture = image();
    const place = stage();
    const next = Math.max(0, Math.min(LEVELS.length - 1, to));
    const middle = [place.scrollLeft + place.clientWidth / 2, place.scrollTop + place.clientHeight / 2].map((one) => one / LEVELS[level]);
    const fitted = level === 0 ? picture.clientWidth : picture.clientWidth / LEVELS[level];
    level = next;
    box().toggleAttribute('data-zoomed', level > 0);
    picture.style.width = level ? `${Math.round(fitted * LEVELS[level])}px` : '';
    if (level) place.scrollTo(middle[0] * LEVELS[level] - place.clientWidth / 2, middle[1] * LEVELS[level] - place.clientHeight / 2);
    for (const button of $$('[data-zoom]', box())) button.disabled = button.dataset.zoom === '1' ? level === LEVELS.length - 1 : level === 0;
  }

  const KEYS = {
    ArrowRight: () => step(1), ArrowLeft: () => step(-1),
    '+': () => zoom(level + 1), '=': () => zoom(level + 1), '-': () => zoom(level - 1), 0: () => zoom(0),
  };

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = KEYS[event.key];
    event.stopPropagation(); // the page behind has the same keys
    // A picture larger than the window is moved by the arrows.
    if (!act || (level && event.key.startsWith('Arrow'))) return;
    event.preventDefault();
    act();
  }

  function dragged(event) {
    if (event.type === 'pointerdown') {
      drag = level && event.isPrimary && event.pointerType === 'mouse' ? { x: event.clientX, y: event.clientY, left: stage().scrollLeft, top: stage().scrollTop, moved: false } : null;
    } else if (drag && event.type === 'pointermove') {
      if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 5) return;
      // Not before: a captured press would be a click on the stage, which closes.
      if (!drag.moved) stage().setPointerCapture(event.pointerId);
      drag.moved = true;
      stage().scrollTo(drag.left + drag.x - event.clientX, drag.top + drag.y - event.clientY);
    }
  }

  box().addEventListener('keydown', pressed);
  for (const kind of ['pointerdown', 'pointermove']) stage().addEventListener(kind, dragged);
  stage().addEventListener('click', ({ target }) => {
    const moved = drag?.moved;
    drag = null;
    if (moved) return;
    if (target.matches('img')) zoom(level ? 0 : 2);
    else box().close();
  });
  box().addEventListener('click', ({ target }) => {
    const button = target.closest('button');
    if (!button) return;
    if (button.dataset.step) step(Number(button.dataset.step));
    else if (button.dataset.zoom) zoom(level + Number(button.dataset.zoom));
    else box().close();
  });
  image().addEventListener('error', () => box().toggleAttribute('data-failed', true));
  box().addEventListener('close', () => {
    image().removeAttribute('src');
    opener?.focus({ preventScroll: true });
  });

  return { open };
}
