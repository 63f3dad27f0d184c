// The shop's own script: a cart in the browser, and the four things a shop may tell the chat.
const cart = () => JSON.parse(localStorage.getItem('goods') || '[]');
const context = () => ({ cart: { value: cart().reduce((sum, one) => sum + one.price, 0), currency: 'EUR', items: cart().length } });
const tell = () => window.helpdesk?.setContext?.(context());
const keep = (items) => {
  localStorage.setItem('goods', JSON.stringify(items));
  draw();
  tell();
};

function draw() {
  for (const count of document.querySelectorAll('[data-count]')) count.textContent = cart().length || '';
  const list = document.querySelector('[data-cart]');
  if (!list) return;
  list.replaceChildren(...cart().map(({ name }, at) => {
    const item = document.createElement('li');
    const box = document.createElement('div');
    const remove = document.createElement('button');
    remove.textContent = list.dataset.remove;
    remove.onclick = () => keep(cart().filter((_, index) => index !== at));
    box.append(name, document.createElement('br'), remove);
    item.append(box);
    return item;
  }));
  document.querySelector('[data-empty]').hidden = cart().length > 0;
}

document.addEventListener('click', async ({ target }) => {
  if (target.dataset.add) keep([...cart(), { name: target.dataset.add, price: Number(target.dataset.price) }]);
  if (target.hasAttribute('data-help')) window.helpdesk?.open();
  if (target.hasAttribute('data-sign-in')) {
    // The shop's server knows who is signed in and says so with its signature; the page only carries it.
    const { token } = await (await fetch('/demo/shop/signed')).json();
    window.helpdesk?.identify(token);
    window.helpdesk?.open();
  }
  if (target.hasAttribute('data-sign-out')) window.helpdesk?.logout();
});
draw();
// The chat may come later than this: what is told before it waits in its queue.
window.helpdesk ??= { q: [] };
if (window.helpdesk.q) window.helpdesk.q.push(['setContext', context()]);
else tell();
