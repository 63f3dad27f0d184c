// Passkeys at the sign-in pages. A form marked data-passkey="make" or "use" asks the browser for a passkey with the
// options that stand in the page (or come from data-options-from) and posts the answer in its field "credential".

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const keys = (list) => (list || []).map((key) => ({ ...key, id: bytes(key.id) }));

function answered(credential) {
  const said = credential.response;
  const response = { clientDataJSON: text(said.clientDataJSON) };
  for (const name of ['attestationObject', 'authenticatorData', 'signature', 'userHandle'])
    if (said[name]) response[name] = text(said[name]);
  if (said.getTransports) response.transports = said.getTransports();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

function make({ publicKey: asked }, alone) {
  const selection = { ...asked.authenticatorSelection };
  if (alone) Object.assign(selection, { residentKey: 'required', requireResidentKey: true, userVerification: 'required' });
  return navigator.credentials.create({
    publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      user: { ...asked.user, id: bytes(asked.user.id) },
      excludeCredentials: keys(asked.excludeCredentials),
      authenticatorSelection: selection,
    },
  });
}

function use({ publicKey: asked }) {
  return navigator.credentials.get({
    publicKey: { ...asked, challenge: bytes(asked.challenge), allowCredentials: keys(asked.allowCredentials) },
  });
}

async function optionsOf(form) {
  const inPage = form.querySelector('script[type="application/json"]');
  if (inPage) return JSON.parse(inPage.textContent);
  const answer = await fetch(form.dataset.optionsFrom, { headers: { Accept: 'application/json', 'X-Requested-With': 'XMLHttpRequest' } });
  if (!answer.ok) throw new Error(`options: ${answer.status}`);
  return (await answer.json()).request_options;
}

async function ask(form) {
  const options = await optionsOf(form);
  const alone = form.elements.passwordless?.checked;
  const credential = form.dataset.passkey === 'make' ? await make(options, alone) : await use(options);
  form.elements.credential.value = JSON.stringify(answered(credential));
  form.submit();
}

function complain(form) {
  const place = form.querySelector('[data-passkey-error]');
  place.textContent = place.dataset.refused;
  place.hidden = false;
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    ask(form)
      .catch(() => complain(form)) // declined, timed out, or none that fits: the browser does not say which
      .finally(() => (button.disabled = false));
  });
}

for (const button of document.querySelectorAll('[data-copy]')) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener('click', async () => {
    const words = [...document.getElementById(button.dataset.copy).children].map((one) => one.textContent.trim());
    await navigator.clipboard.writeText(words.join('\n'));
    button.querySelector('span').textContent = button.dataset.done;
  });
}
