// The contact form's page: the little work that keeps robots out, done while a person writes. It runs in slices, so
// that typing never waits, and in plain arithmetic, since browsers keep their own hashing from pages without TLS.

const K = [];
for (let n = 2; K.length < 64; n += 1) {
  let prime = true;
  for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
  if (prime) K.push((Math.cbrt(n) % 1) * 2 ** 32 | 0);
}
const START = [2, 3, 5, 7, 11, 13, 17, 19].map((prime) => (Math.sqrt(prime) % 1) * 2 ** 32 | 0);
const turn = (word, by) => (word >>> by) | (word << (32 - by));

// The first word of SHA-256 of ASCII letters.
function firstWord(letters) {
  const length = letters.length;
  const words = new Int32Array((((length + 8) >> 6) + 1) * 16);
  for (let i = 0; i < length; i += 1) words[i >> 2] |= letters.charCodeAt(i) << (24 - (i % 4) * 8);
  words[length >> 2] |= 0x80 << (24 - (length % 4) * 8);
  words[words.length - 1] = length * 8;
  const hash = [...START];
  const w = new Int32Array(64);
  for (let block = 0; block < words.length; block += 16) {
    let [a, b, c, d, e, f, g, h] = hash;
    for (let i = 0; i < 64; i += 1) {
      if (i < 16) w[i] = words[block + i];
      else {
        const s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
        const s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (hash[i] = (hash[i] + word) | 0));
  }
  return hash[0] >>> 0;
}

const SLICE = 12; // milliseconds

function work(token, bits) {
  return new Promise((done) => {
    let number = 0;
    const slice = () => {
      const until = performance.now() + SLICE;
      while (performance.now() < until) {
        for (let i = 0; i < 50; i += 1, number += 1) {
          if (firstWord(`${token}:${number}`) >>> (32 - bits) === 0) return done(number);
        }
      }
      return setTimeout(slice);
    };
    slice();
  });
}

const form = document.querySelector('form[data-bits]');
if (form) {
  const { token, work: field } = form.elements;
  const found = work(token.value, Number(form.dataset.bits)).then((number) => (field.value = number));
  form.addEventListener('submit', (event) => {
    if (field.value) return;
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    button.textContent = button.dataset.busy;
    found.then(() => form.submit());
  });
}

// In a page that may show it, the form's frame is as tall as the form: only that page is told.
const { parent: around, done } = document.documentElement.dataset;
if (around && window.parent !== window) {
  const tell = (type, data) => window.parent.postMessage({ helpdesk: 1, type, data }, around);
  new ResizeObserver(() => tell('height', document.body.scrollHeight)).observe(document.body);
  tell('title', document.title); // in the language of the form, for screen readers
  if (done !== undefined) tell('sent');
}
