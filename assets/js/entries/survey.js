// The customer's page. The number clicked in the mail is recorded at the first sign of a person: programs that open
// every link, and run every script, move no pointer and press no key.

const form = document.querySelector('#survey');
const state = document.querySelector('#state');
const SIGNS = ['pointermove', 'pointerdown', 'touchstart', 'keydown', 'wheel'];

async function record() {
  const chosen = form.querySelector('input[name=score]:checked');
  if (!chosen) return;
  const body = new URLSearchParams({ score: chosen.value, quick: '1' });
  const visit = form.querySelector('input[name=visit]');
  if (visit) body.set('visit', visit.value);
  try {
    const answer = await fetch(form.action, { method: 'POST', body });
    if (answer.ok) state.textContent = state.dataset.recorded;
  } catch {
    // The button is still there.
  }
}

function heard(event) {
  if (!event.isTrusted || document.visibilityState !== 'visible') return;
  for (const sign of SIGNS) removeEventListener(sign, heard);
  record();
}

if (form.dataset.quick !== undefined) for (const sign of SIGNS) addEventListener(sign, heard, { passive: true });
form.addEventListener('change', (event) => {
  if (event.target.name !== 'score' || !event.isTrusted) return;
  for (const sign of SIGNS) removeEventListener(sign, heard);
  record();
});
