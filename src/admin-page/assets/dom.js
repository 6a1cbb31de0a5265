/** Elements are built, never parsed: what an answer says stays text. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== 'string') element[name] = value;
    else element.setAttribute(name === 'className' ? 'class' : name, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Puts other children in, and the focus back on what has the same `data-key`: a page that refreshes itself must not take it away. */
export function replace(container, ...children) {
  const key = container.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const open = new Set([...container.querySelectorAll('details[open][data-key]')].map((one) => one.dataset.key));
  container.replaceChildren(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false),
  );
  for (const details of container.querySelectorAll('details[data-key]')) details.open = open.has(details.dataset.key);
  if (key === undefined) return;
  [...container.querySelectorAll('[data-key]')].find((one) => one.dataset.key === key)?.focus();
}

/** `columns`: [title, cell of a row] each. */
export function table(caption, columns, rows, nothing) {
  if (rows.length === 0) return h('p', { className: 'soft' }, nothing);
  return h(
    'table',
    // A narrow page lays tables out as cards; they stay tables to who hears them.
    { role: 'table' },
    h('caption', {}, caption),
    h(
      'thead',
      { role: 'rowgroup' },
      h(
        'tr',
        { role: 'row' },
        columns.map(([title]) => h('th', { role: 'columnheader', scope: 'col' }, title)),
      ),
    ),
    h(
      'tbody',
      { role: 'rowgroup' },
      rows.map((row) =>
        h(
          'tr',
          { role: 'row' },
          columns.map(([title, cell]) => h('td', { role: 'cell', 'data-label': title }, h('div', {}, cell(row)))),
        ),
      ),
    ),
  );
}

export function facts(pairs) {
  return h(
    'dl',
    {},
    pairs.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value ?? '–')]),
  );
}

let ids = 0;

/** A control under its label; a value that the control itself refuses is told of beside it. */
export function field(label, control, hint) {
  ids += 1;
  control.id = control.id === '' ? `field-${ids}` : control.id;
  const note = hint === undefined ? null : h('small', { id: `${control.id}-hint` }, hint);
  const wrong = h('small', { id: `${control.id}-wrong`, className: 'wrong', hidden: true });
  control.setAttribute('aria-describedby', `${note === null ? '' : `${note.id} `}${wrong.id}`);
  control.addEventListener('invalid', (event) => {
    event.preventDefault();
    wrong.textContent = `${label} ${wordsOf(control)}`;
    wrong.hidden = false;
    control.setAttribute('aria-invalid', 'true');
    [...control.form.elements].find((one) => one.willValidate && !one.validity.valid)?.focus();
  });
  control.addEventListener('input', () => {
    wrong.hidden = true;
    control.removeAttribute('aria-invalid');
  });
  return h('div', {}, h('label', { for: control.id }, label), control, note, wrong);
}

function wordsOf({ type, min, max, validationMessage }) {
  return type === 'number' ? `must be a whole number from ${min} to ${max}.` : `: ${validationMessage}`;
}

export function select(name, options, chosen = '') {
  const list = options.map((option) => (Array.isArray(option) ? option : [option, option]));
  return h(
    'select',
    { name },
    list.map(([value, text]) => h('option', { value, selected: value === chosen }, text)),
  );
}

export function time(text) {
  if (text === null || text === undefined) return '–';
  return h('time', { datetime: text, title: text }, new Date(text).toLocaleString());
}

export function duration(ms) {
  if (ms === null || ms === undefined) return '–';
  if (ms > 0 && ms < 1000) return `${Math.round(ms)}\u00a0ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds}\u00a0s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)}\u00a0min` : `${Math.round(seconds / 3600)}\u00a0h`;
}

export function tag(text, kind = 'soft') {
  return h('span', { className: `tag ${kind}` }, text);
}

const news = document.getElementById('news');
const alertBox = document.getElementById('alert');

/** What the alert came from: a view that reads again takes its own complaint back, and no other one. */
let complainer = null;

/** Read out without interrupting. */
export function tell(text) {
  clearAlert();
  news.textContent = text;
}

/** What went wrong in a view is no matter of the next one. */
export function clearAlert() {
  alertBox.hidden = true;
  complainer = null;
}

/** One message at a time: what was told before is not true any more. */
export function warn(error, source = null) {
  if (error.isTold === true) return;
  const requestId = error.problem?.request_id;
  alertBox.textContent = `${error.message}${requestId === undefined ? '' : ` (request ${requestId})`}`;
  alertBox.hidden = false;
  news.textContent = '';
  complainer = source;
}

/** It goes well again. */
export function settle(source) {
  if (complainer === source) clearAlert();
}

const busy = new WeakSet();

/** Runs what a button does, once at a time; what goes wrong is shown. A button that is busy is not disabled: it would lose the focus. */
export function acting(work) {
  return async (event) => {
    event.preventDefault();
    const button = event.submitter ?? event.currentTarget;
    if (busy.has(button)) return;
    busy.add(button);
    button.setAttribute('aria-busy', 'true');
    try {
      await work(event);
      settle(null);
    } catch (error) {
      warn(error);
    } finally {
      busy.delete(button);
      button.removeAttribute('aria-busy');
    }
  };
}

/**
 * Asks before something is done; resolves to whether it shall be. With `words` the button stays off until they are typed, while
 * `needsWords()` says so; it is off too while `isPossible()` says that there is nothing to do.
 */
export function confirmed({
  title,
  body,
  action,
  isDangerous = false,
  words = null,
  needsWords = () => words !== null,
  isPossible = () => true,
}) {
  clearAlert();
  return new Promise((resolve) => {
    const typed = h('input', { name: 'words', autocomplete: 'off', spellcheck: 'false' });
    const go = h('button', { type: 'submit', className: isDangerous ? 'danger' : 'primary' }, action);
    const typing = words === null ? null : field(`Type “${words}” to confirm`, typed);
    const check = () => {
      if (typing !== null) typing.hidden = !needsWords();
      go.disabled = !isPossible() || (needsWords() && typed.value.trim() !== words);
    };
    const form = h(
      'form',
      {
        onsubmit: (event) => {
          event.preventDefault();
          dialog.close('yes');
        },
      },
      h('h2', { id: 'dialog-title' }, title),
      body,
      typing,
      h(
        'p',
        { className: 'bar' },
        go,
        h('button', { type: 'button', onclick: () => dialog.close('no') }, 'Keep as it is'),
      ),
    );
    const dialog = h('dialog', { 'aria-labelledby': 'dialog-title', oninput: check, onchange: check }, form);
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    check();
    dialog.showModal();
  });
}
