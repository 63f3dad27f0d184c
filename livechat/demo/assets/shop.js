// The shop's own script: a cart and a sign-in in the browser, and the four things a shop may tell the chat.
const cart = () => JSON.parse(localStorage.getItem('goods') || '[]');
const signed = () => Boolean(localStorage.getItem('signed'));
const money = (value) => new Intl.NumberFormat(document.documentElement.lang, { style: 'currency', currency: 'EUR' }).format(value);
const sum = () => cart().reduce((total, one) => total + one.price, 0);
// On the page of an order the chat is told which; only to who may see it.
const order = () => (signed() && document.querySelector('[data-order]')?.dataset.order) || undefined;
const context = () => ({ order: order(), cart: { value: sum(), currency: 'EUR', items: cart().length } });
const tell = () => window.helpdesk?.setContext?.(context());
const keep = (items) => {
  localStorage.setItem('goods', JSON.stringify(items));
  draw();
  tell();
};

function draw() {
  for (const one of document.querySelectorAll('[data-order], [data-sign-out]')) one.hidden = !signed();
  for (const one of document.querySelectorAll('[data-signed-out]')) one.hidden = signed();
  for (const count of document.querySelectorAll('[data-count]')) count.textContent = cart().length || '';
  const list = document.querySelector('[data-cart]');
  if (!list) return;
  list.replaceChildren(...cart().map(({ name, price }, at) => {
    const item = document.createElement('li');
    const box = document.createElement('div');
    const remove = document.createElement('button');
    remove.textContent = list.dataset.remove;
    remove.onclick = () => keep(cart().filter((_, index) => index !== at));
    const cost = document.createElement('strong');
    cost.textContent = money(price);
    box.append(name, ' ', cost, document.createElement('br'), remove);
    item.append(box);
    return item;
  }));
  document.querySelector('[data-empty]').hidden = cart().length > 0;
  const total = document.querySelector('[data-total]');
  total.hidden = !cart().length;
  total.querySelector('strong').textContent = money(sum());
}

// The shop's server knows who is signed in and says so with its signature, anew on each page; the page only carries it.
async function introduce() {
  const answer = await fetch('/demo/shop/signed');
  if (!answer.ok) return;
  const { token } = await answer.json();
  if (window.helpdesk.q) window.helpdesk.q.push(['identify', token]);
  else window.helpdesk.identify(token);
}

document.addEventListener('click', async ({ target }) => {
  if (target.dataset.add) keep([...cart(), { name: target.dataset.add, price: Number(target.dataset.price) }]);
  if (target.hasAttribute('data-help')) window.helpdesk?.open();
  if (target.hasAttribute('data-sign-in')) {
    localStorage.setItem('signed', '1');
    draw();
    tell();
    await introduce();
    window.helpdesk.open?.();
  }
  if (target.hasAttribute('data-sign-out')) {
    localStorage.removeItem('signed');
    draw();
    tell();
    window.helpdesk.logout?.();
  }
});
draw();
// The chat may come later than this: what is told before it waits in its queue.
window.helpdesk ??= { q: [] };
if (window.helpdesk.q) window.helpdesk.q.push(['setContext', context()]);
else tell();
if (signed()) introduce();
