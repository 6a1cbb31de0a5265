import { logIn, logOut, whenEnded } from './api.js';
import { acting, clearAlert, settle, tell, warn } from './dom.js';
import { operations } from './operations.js';
import { policies } from './policies.js';
import { reconciliation, reconciliations } from './reconciliations.js';
import { status } from './status.js';

const form = document.getElementById('log-in');
const view = document.getElementById('view');
const links = document.getElementById('views');
const person = document.getElementById('person');

/** What the page shows now; its work ends when another view comes. */
let current = null;
let isIn = false;

const views = [
  [/^#\/reconciliations\/(\d+)$/, (container, every, id) => reconciliation(container, every, id)],
  [/^#\/operations$/, operations],
  [/^#\/status$/, status],
  [/^#\/policies$/, policies],
  [/^/, reconciliations],
];

function show() {
  if (!isIn) return;
  leave();
  current = new AbortController();
  view.replaceChildren();
  clearAlert();
  const hash = location.hash === '' ? '#/reconciliations' : location.hash;
  for (const link of links.querySelectorAll('a')) {
    if (hash.startsWith(link.getAttribute('href'))) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const [pattern, open] = views.find(([candidate]) => candidate.test(hash));
  open(view, repeating(current.signal), ...(pattern.exec(hash) ?? []).slice(1));
}

/** What is asked in a view is asked no more when another one comes. */
function leave() {
  current?.abort();
  for (const dialog of document.querySelectorAll('dialog')) dialog.close('no');
}

/** Runs now and again `everyMs` after each end, until the view goes; 0: once. Not while nobody looks. */
function repeating(signal) {
  return (everyMs, work) => {
    const run = async () => {
      if (signal.aborted) return;
      try {
        if (everyMs === 0 || !document.hidden) await work();
        if (!signal.aborted) settle(run);
      } catch (error) {
        if (!signal.aborted) warn(error, run);
      }
      if (everyMs > 0 && !signal.aborted) setTimeout(run, everyMs);
    };
    void run();
  };
}

function switchTo(account) {
  isIn = account !== null;
  form.hidden = isIn;
  view.hidden = !isIn;
  links.hidden = !isIn;
  person.hidden = !isIn;
  document.getElementById('account').textContent = account ?? '';
  if (isIn) return show();
  leave();
  view.replaceChildren();
  form.reset();
  return form.elements.namedItem('account_id').focus();
}

form.addEventListener(
  'submit',
  acting(async () => {
    const { account_id: accountId, password } = Object.fromEntries(new FormData(form));
    await logIn(accountId, password);
    tell(`Logged in as ${accountId}.`);
    switchTo(accountId);
    document.getElementById('content').focus();
  }),
);
document.getElementById('log-out').addEventListener(
  'click',
  acting(async () => {
    await logOut();
    tell('Logged out.');
  }),
);
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  document.getElementById('content').focus();
});
whenEnded(() => {
  switchTo(null);
  tell('The session has ended. Log in again.');
});
addEventListener('hashchange', show);
form.elements.namedItem('account_id').focus();
