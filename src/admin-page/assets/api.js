/** An answer of 400 and above, in the words of the API. */
export class Refusal extends Error {
  constructor(status, problem) {
    const fields = (problem?.errors ?? []).map(({ field, message }) => `${field} ${message}`);
    super(fields.length > 0 ? fields.join('; ') : (problem?.detail ?? `The answer was ${status}`));
    this.status = status;
    this.problem = problem;
  }
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
  await logOut();
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
  if (answer.status === 401 && session !== null) {
    session = null;
    onEnd();
  }
  throw new Refusal(answer.status, problem);
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
