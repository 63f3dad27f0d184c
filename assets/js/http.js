// Talking to the server: plain fetch. Every write carries the CSRF token; every refusal becomes a Refusal.

export class Refusal extends Error {
  constructor(status, body) {
    super(body.message || '');
    this.status = status;
    this.body = body;
  }
}

// Browsers refuse larger requests that outlive their page.
const LIMIT_KEPT_ALIVE = 60_000;

// The connection broke: nothing is known of what became of the request.
export class Offline extends Error {}

const token = () => document.querySelector('meta[name=csrf-token]').content;

async function answer(url, options) {
  let response;
  try {
    response = await fetch(url, { credentials: 'same-origin', ...options });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Offline(error.message);
  }
  const json = response.headers.get('Content-Type')?.includes('json');
  if (!response.ok) throw new Refusal(response.status, json ? await response.json() : {});
  return json ? response.json() : response.text();
}

export const get = (url, { signal } = {}) => answer(url, { signal, headers: { 'X-Requested-With': 'fetch' } });

export function post(url, data = {}, { keepalive = false } = {}) {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(data))
    for (const one of Array.isArray(value) ? value : [value]) if (one != null) body.append(name, one);
  return answer(url, {
    method: 'POST', body, keepalive: keepalive && body.toString().length < LIMIT_KEPT_ALIVE,
    headers: { 'X-CSRFToken': token(), 'X-Requested-With': 'fetch' },
  });
}

// An upload tells of its progress, which fetch cannot.
export function upload(url, file, fields, onProgress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.onprogress = (event) => onProgress(event.loaded / (event.total || 1));
    request.onerror = () => reject(new Offline());
    request.onabort = () => reject(new DOMException('', 'AbortError'));
    request.onload = () => {
      let body = {};
      try {
        body = JSON.parse(request.responseText);
      } catch {
        // A proxy's refusal is not JSON.
      }
      if (request.status < 300) resolve(body);
      else reject(new Refusal(request.status, body));
    };
  });
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', file, file.name || 'image.png');
  request.open('POST', url);
  request.setRequestHeader('X-CSRFToken', token());
  request.setRequestHeader('X-Requested-With', 'fetch');
  request.send(form);
  return { done, abort: () => request.abort() };
}
