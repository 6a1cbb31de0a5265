/** So many wrong fields are named at once. */
const named = 3;

/** An answer of 400 and above, in the words of the API. */
export class Refusal extends Error {
  constructor(status, problem) {
    super(wordsOf(problem?.errors ?? []) || (problem?.detail ?? `The answer was ${status}`));
    this.status = status;
    this.problem = problem;
    /** The end of the session was told of already. */
    this.isTold = false;
  }
}

/** What is wrong with several fields in the same way is said once. */
function wordsOf(errors) {
  const fields = new Map();
  for (const { field, message } of errors) fields.set(message, [...(fields.get(message) ?? []), ordinal(field)]);
  return [...fields]
    .map(([message, [...names]]) => {
      const more = names.length > named ? ` and ${names.length - named} more` : '';
      return `${names.slice(0, named).join(', ')}${more}${names.length > 1 ? ': each' : ''} ${message}`;
    })
    .join('; ');
}

/** `list.0` of the API is the first of the list to people. */
function ordinal(field) {
  return field.replaceAll(/\.(\d+)/g, (_, index) => ` ${Number(index) + 1}`);
}

/** The same refusal with the entries of a list of the request called by their titles. */
export function inWords(error, list, titles) {
  if (!(error instanceof Refusal)) return error;
  const errors = (error.problem?.errors ?? []).map((one) => {
    const [name, index] = one.field.split('.');
    return { ...one, field: name === list ? (titles[Number(index)] ?? one.field) : one.field };
  });
  return new Refusal(error.status, { ...error.problem, errors });
}

/** Tokens live in this variable alone: a page that is closed or loaded again has none. */
let session = null;
let onEnd = () => {};

/** Called when the session has ended for whatever reason. */
export function whenEnded(callback) {
  onEnd = callback;
}

/** Returns who logged in. @throws Refusal; who is no administrator is logged out again. */
export async function logIn(accountId, password) {
  session = await request('POST', '/auth/login', { body: { account_id: accountId, password } });
  const me = await request('GET', '/auth/me');
  if (me.role === 'admin') return me;
  await request('POST', '/auth/logout').catch(() => null);
  session = null;
  throw new Refusal(403, { detail: `${accountId} is no administrator: this page needs the role admin.` });
}

export async function logOut() {
  try {
    if (session !== null) await request('POST', '/auth/logout');
  } finally {
    session = null;
    onEnd();
  }
}

export const get = (path) => request('GET', path);
export const post = (path, body, headers) => request('POST', path, { body, headers });
export const put = (path, body, headers) => request('PUT', path, { body, headers });

/** The body, and the tag that the resource has. */
export async function getTagged(path) {
  const answer = await send('GET', path, {});
  return { body: await answer.json(), tag: answer.headers.get('etag') };
}

/** Saves what a path answers as a file. */
export async function download(path, name, accept) {
  const answer = await send('GET', path, { headers: { accept } });
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement('a');
  Object.assign(link, { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Every page of a list, at most `limit` entries. */
export async function all(path, key, limit) {
  const found = [];
  for (let cursor = null; found.length < limit;) {
    const mark = path.includes('?') ? '&' : '?';
    const page = await get(`${path}${mark}limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
    found.push(...page[key]);
    cursor = page.next_cursor;
    if (cursor === null) break;
  }
  return found;
}

/** Only what was filled in. */
export function queryOf(values) {
  const parameters = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== '' && value !== null));
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

async function request(method, path, options = {}) {
  const answer = await send(method, path, options);
  return answer.status === 204 ? null : answer.json();
}

async function send(method, path, options, isRepeated = false) {
  const { body, headers = {} } = options;
  const used = session;
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: {
        ...(session === null ? {} : { authorization: `Bearer ${session.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      cache: 'no-store',
      credentials: 'omit',
    });
  } catch {
    throw new Error('The service cannot be reached.');
  }
  if (answer.ok) return answer;
  if (answer.status === 401 && session !== null && !isRepeated && (await refreshed())) {
    return send(method, path, options, true);
  }
  const problem = await answer.json().catch(() => null);
  const refusal = new Refusal(answer.status, problem);
  if (answer.status === 401 && used !== null) {
    refusal.isTold = true;
    // Of several requests that hear of it the first one tells.
    if (session !== null) {
      session = null;
      onEnd();
    }
  }
  throw refusal;
}

let refreshing = null;

function refreshed() {
  refreshing ??= refresh().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function refresh() {
  const answer = await fetch('/auth/refresh', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token: session.refresh_token }),
    credentials: 'omit',
  }).catch(() => null);
  if (answer === null || !answer.ok) return false;
  session = { ...session, ...(await answer.json()) };
  return true;
}
