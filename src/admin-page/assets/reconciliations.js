import { all, download, get, inWords, post, queryOf } from './api.js';
import { acting, confirmed, facts, field, h, replace, select, table, tag, tell, time } from './dom.js';
import { projectIds, projectName, projectNames } from './projects.js';

const resourceTypes = [
  'user',
  'project',
  'project_user',
  'server',
  'volume',
  'network_interface',
  'floating_ip',
  'security_group',
];
const findingTypes = [
  'STATUS_DRIFT',
  'FIELD_DRIFT',
  'MISSING',
  'MASS_MISSING',
  'DELETED_OUTSIDE',
  'ERROR_FAULT',
  'STUCK_TRANSITION',
  'ORPHAN',
  'UNMANAGED',
  'UNDEAD',
  'INCOMPLETE_VIEW',
];
const running = new Set(['PLANNING', 'APPLYING']);
const stateKinds = {
  PLANNED: 'warn',
  DONE: 'good',
  FAILED: 'bad',
  CANCELLED: 'soft',
  PLANNING: 'warn',
  APPLYING: 'warn',
};
const countable = 5_000;
/** So many findings a dialog names. */
const listed = 10;

/** The list of runs, and the form that starts one. */
export function reconciliations(container, every) {
  const list = h('div');
  const projects = h('input', { name: 'projects', placeholder: 'all', autocomplete: 'off' });
  const types = resourceTypes.map((type) => h('input', { type: 'checkbox', name: 'resource_types', value: type }));
  let names = null;
  const start = async () => {
    names = await projectNames();
    const ids = projectIds(names, projects.value);
    const chosen = types.filter((box) => box.checked).map((box) => box.value);
    const run = await post('/admin/reconciliations', {
      mode: 'dry_run',
      ...(ids.length === 0 ? {} : { scope: { project_ids: ids } }),
      ...(chosen.length === 0 ? {} : { resource_types: chosen }),
    });
    tell(`Dry run ${run.id} was started. It changes nothing.`);
    location.hash = `#/reconciliations/${run.id}`;
  };
  replace(
    container,
    h('h2', {}, 'Reconciliations'),
    h(
      'form',
      { className: 'panel', onsubmit: acting(start) },
      h(
        'div',
        { className: 'fields' },
        field('Projects', projects, 'Names or ids, separated by commas; all when left empty.'),
        h(
          'fieldset',
          {},
          h('legend', {}, 'Types (all when none is chosen)'),
          types.map((box) => h('label', {}, box, ` ${words(box.value)}`)),
        ),
        h('button', { type: 'submit', className: 'primary' }, 'Start a dry run'),
      ),
    ),
    list,
  );
  every(3_000, async () => {
    names ??= await projectNames();
    const { reconciliations: runs } = await get('/admin/reconciliations?limit=50');
    replace(
      list,
      table(
        'The newest 50',
        [
          ['Run', ({ id }) => h('a', { href: `#/reconciliations/${id}`, 'data-key': `run-${id}` }, `#${id}`)],
          [
            'State',
            (run) => [
              tag(run.state, stateKinds[run.state]),
              h('div', { className: 'soft' }, becameOf(run), supersededOf(run)),
            ],
          ],
          ['Mode', ({ mode, origin }) => `${words(mode)}${origin === undefined ? '' : `, by ${origin}`}`],
          ['Scope', (run) => scopeOf(run, names)],
          ['Found', foundOf],
          ['Complete', ({ complete }) => (complete ? 'yes' : tag('no', 'bad'))],
          ['Started', ({ started_at }) => time(started_at)],
        ],
        runs,
        'There has been none yet.',
      ),
    );
  });
}

/** One run: its plan, its findings, and what can be done about them. */
export function reconciliation(container, every, id) {
  const path = `/admin/reconciliations/${id}`;
  const head = h('div');
  const body = h('div');
  /** By id: what is chosen stays chosen while the filter hides it. */
  const chosen = new Map();
  const projects = select('project_id', [['', 'any']]);
  let names = null;
  let run = null;
  let shown = { findings: [], next_cursor: null };
  const filters = h(
    'form',
    { className: 'fields', 'aria-label': 'Filter the findings' },
    field('Type', select('type', [['', 'any'], ...findingTypes])),
    field('Resource', select('resource_type', [['', 'any'], ...resourceTypes.map((type) => [type, words(type)])])),
    field('State', select('state', [['', 'any'], 'OPEN', 'APPLIED', 'SKIPPED', 'FAILED'])),
    field('Project', projects),
    field(
      'Allowed',
      select('allowed', [
        ['', 'any'],
        ['true', 'yes'],
        ['false', 'no'],
      ]),
    ),
  );
  const asked = () => Object.fromEntries(new FormData(filters));
  const load = async (cursor = null) => {
    const page = await get(`${path}/findings${queryOf({ ...asked(), limit: '100', cursor })}`);
    shown = { ...page, findings: cursor === null ? page.findings : [...shown.findings, ...page.findings] };
    drawFindings();
  };
  filters.addEventListener(
    'change',
    acting(() => load()),
  );
  filters.addEventListener(
    'submit',
    acting(() => load()),
  );
  replace(container, head, h('h3', {}, 'Findings'), filters, body);

  const apply = async (onlyChosen) => {
    const plan = onlyChosen
      ? [...chosen.values()]
      : await all(`${path}/findings?state=OPEN&allowed=true`, 'findings', countable);
    const brakes = onlyChosen
      ? plan.filter(({ type }) => type === 'MASS_MISSING').length
      : (run.counts.MASS_MISSING ?? 0);
    const isShown = new Set(shown.findings.map((finding) => finding.id));
    const hidden = onlyChosen ? plan.filter((finding) => !isShown.has(finding.id)) : [];
    const decision = await askToApply({ plan, brakes, hidden, onlyChosen });
    if (decision === null) return;
    await post(`${path}/apply`, {
      plan_hash: run.plan_hash,
      ...(onlyChosen ? { finding_ids: plan.map((finding) => finding.id) } : {}),
      ...(decision.confirmsMassChange ? { confirm_mass_change: true } : {}),
    }).catch((error) => {
      throw inWords(error, 'finding_ids', plan.map(titleOf));
    });
    chosen.clear();
    tell(`Run ${id} is being applied.`);
    await refresh();
  };
  const cancel = async () => {
    const body = h(
      'p',
      {},
      'What has been applied stays as it is; nothing more is. The plan cannot be applied any more.',
    );
    if (!(await confirmed({ title: `Cancel run ${id}?`, body, action: 'Cancel the run', isDangerous: true }))) return;
    run = await post(`${path}/cancel`);
    tell(`Run ${id} is cancelled.`);
    drawHead();
  };

  function drawHead() {
    const isPlanned = run.state === 'PLANNED';
    const isNewest = isPlanned && run.superseded_by === null;
    const button = (key, text, work, more = {}) =>
      h('button', { type: 'button', 'data-key': key, onclick: acting(work), ...more }, text);
    replace(
      head,
      h('p', {}, h('a', { href: '#/reconciliations', 'data-key': 'back' }, '← All runs')),
      h('h2', {}, `Run ${id} `, tag(run.state, stateKinds[run.state])),
      run.complete
        ? null
        : h(
            'p',
            { className: 'banner' },
            'A list could not be read to its end: nothing counts as missing in this run.',
          ),
      isPlanned && run.superseded_by !== null
        ? h(
            'p',
            { className: 'banner warn' },
            'This plan is superseded by ',
            h('a', { href: `#/reconciliations/${run.superseded_by}`, 'data-key': 'newer' }, `run ${run.superseded_by}`),
            ' over the same scope, and cannot be applied any more.',
          )
        : null,
      isPlanned && (run.counts.MASS_MISSING ?? 0) > 0
        ? h(
            'p',
            { className: 'banner' },
            'So much is missing at once that the view may be wrong. It is applied only after a confirmation of its own.',
          )
        : null,
      run.error === null || run.error === undefined
        ? null
        : h('p', { className: 'banner' }, `${run.error.code ?? ''} ${run.error.message ?? run.error}`),
      h(
        'div',
        { className: 'panel' },
        facts([
          ['Mode', words(run.mode)],
          ['Scope', scopeOf(run, names)],
          ['Found', foundOf(run)],
          ['Became of it', becameOf(run) || '–'],
          ['Pages read', String(run.pages)],
          ['Started', time(run.started_at)],
          ['Finished', time(run.finished_at)],
          ['Plan', run.plan_hash === null ? 'none yet' : h('code', {}, run.plan_hash.slice(0, 16))],
        ]),
      ),
      h(
        'div',
        { className: 'bar' },
        button('apply-all', 'Apply all that is allowed…', () => apply(false), {
          className: 'primary',
          disabled: !isNewest,
        }),
        button('apply-chosen', `Apply the ${chosen.size} chosen…`, () => apply(true), {
          disabled: !isNewest || chosen.size === 0,
        }),
        button('cancel', 'Cancel…', cancel, { className: 'danger', disabled: !running.has(run.state) && !isPlanned }),
        button('json', 'Report as JSON', () =>
          download(`${path}/report`, `reconciliation-${id}.json`, 'application/json'),
        ),
        button('csv', 'Report as CSV', () => download(`${path}/report`, `reconciliation-${id}.csv`, 'text/csv')),
      ),
    );
  }

  function drawFindings() {
    const box = (finding) =>
      h('input', {
        type: 'checkbox',
        'data-key': `choose-${finding.id}`,
        'aria-label': `Choose ${finding.type} of ${titleOf(finding)}`,
        checked: chosen.has(finding.id),
        disabled:
          run.state !== 'PLANNED' || run.superseded_by !== null || finding.state !== 'OPEN' || !isApplicable(finding),
        onchange: ({ currentTarget }) => {
          if (currentTarget.checked) chosen.set(finding.id, finding);
          else chosen.delete(finding.id);
          drawHead();
        },
      });
    replace(
      body,
      table(
        `${shown.findings.length} shown${shown.next_cursor === null ? '' : ', there are more'}`,
        [
          ['Choose', box],
          ['Type', ({ type }) => tag(type, type === 'MASS_MISSING' || type === 'INCOMPLETE_VIEW' ? 'bad' : 'soft')],
          ['Resource', resourceOf],
          ['Project', ({ project_id: id, project_name: name }) => (id === null ? '–' : (name ?? `project ${id}`))],
          ['Record → OpenStack', changesOf],
          [
            'Action',
            ({ action, allowed, type }) =>
              action === null ? '–' : `${words(action)}${allowed ? '' : ` (${whenNotAllowed(type)})`}`,
          ],
          [
            'State',
            ({ state, reason }) => [
              tag(state, { APPLIED: 'good', FAILED: 'bad', SKIPPED: 'warn' }[state]),
              reason === null ? '' : ` ${reason}`,
            ],
          ],
          ['Evidence', evidenceOf],
        ],
        shown.findings,
        running.has(run.state) ? 'Nothing yet: the lists are being read.' : 'There is no such finding.',
      ),
      shown.next_cursor === null
        ? null
        : h(
            'button',
            { type: 'button', 'data-key': 'more', onclick: acting(() => load(shown.next_cursor)) },
            'Show more',
          ),
    );
  }

  let last = '';
  async function refresh() {
    if (names === null) {
      names = await projectNames();
      projects.append(...[...names].map(([projectId, name]) => h('option', { value: String(projectId) }, name)));
    }
    run = await get(path);
    const state = JSON.stringify(run);
    if (state === last && !running.has(run.state)) return;
    if (last !== '' && JSON.parse(last).state !== run.state) tell(`Run ${id} is ${run.state}.`);
    last = state;
    drawHead();
    await load();
  }
  every(1_000, refresh);
}

function isApplicable({ action, allowed, type }) {
  return action !== null && (allowed || type === 'MASS_MISSING');
}

function whenNotAllowed(type) {
  return type === 'MASS_MISSING' ? 'after a confirmation' : 'not allowed';
}

/** Null: no. */
async function askToApply({ plan, brakes, hidden, onlyChosen }) {
  const counts = new Map();
  for (const { type, action } of plan) {
    const key = `${type}: ${words(action ?? 'nothing')}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const total = `${plan.length}${plan.length >= countable ? ' or more' : ''} findings`;
  const mass = h('input', { type: 'checkbox', name: 'mass' });
  const words_ = 'apply mass change';
  const isConfirmed = await confirmed({
    title: plan.length === 0 ? 'Nothing is applied without a confirmation' : `Apply ${total}?`,
    action: onlyChosen ? `Apply the ${plan.length} chosen` : 'Apply what is allowed',
    isDangerous: brakes > 0,
    words: brakes > 0 ? words_ : null,
    needsWords: () => brakes > 0 && mass.checked,
    isPossible: () => plan.length > 0 || mass.checked,
    body: [
      h('p', {}, 'Just these are carried out. One whose row or object has moved since is skipped, with the reason.'),
      h('p', {}, 'The run ends with it: what is not chosen is skipped, and needs a new dry run.'),
      table(
        'What is applied',
        [
          ['Finding', ([key]) => key],
          ['Number', ([, count]) => String(count)],
        ],
        [...counts],
        'Nothing.',
      ),
      onlyChosen ? listOf('Chosen', plan) : null,
      hidden.length === 0
        ? null
        : h(
            'div',
            { className: 'banner warn' },
            `${hidden.length} of the chosen ${hidden.length === 1 ? 'is' : 'are'} hidden by the filter: `,
            hidden.slice(0, listed).map(titleOf).join(', '),
            hidden.length > listed ? ' …' : '',
          ),
      brakes === 0
        ? null
        : h(
            'p',
            { className: 'banner' },
            `${brakes} MASS_MISSING: so many are missing at once that the view may be wrong. Look into OpenStack first. `,
            h('div', {}, h('label', {}, mass, ` Apply the ${brakes} missing too`)),
          ),
    ].filter((part) => part !== null),
  });
  return isConfirmed ? { confirmsMassChange: brakes > 0 && mass.checked } : null;
}

/** What people call it, of the first of them. */
function listOf(title, findings) {
  return h(
    'details',
    { open: findings.length <= listed },
    h('summary', {}, title),
    h(
      'ul',
      {},
      findings.slice(0, listed).map((finding) => h('li', {}, `${titleOf(finding)}: ${words(finding.action)}`)),
      findings.length > listed ? h('li', {}, `and ${findings.length - listed} more`) : null,
    ),
  );
}

function words(text) {
  return text.toLowerCase().replaceAll('_', ' ');
}

function scopeOf({ scope, resource_types: types }, names) {
  const projects = scope?.project_ids ?? null;
  const where = projects === null ? 'all projects' : projects.map((id) => projectName(names, id)).join(', ');
  return types === undefined || types === null || types.length === 0 || types.length >= resourceTypes.length
    ? where
    : `${where}: ${types.map(words).join(', ')}`;
}

function foundOf({ counts, state }) {
  const found = Object.entries(counts ?? {}).filter(([, count]) => count > 0);
  if (found.length === 0) return running.has(state) ? '…' : 'nothing';
  return found.map(([type, count]) => `${count} ${words(type)}`).join(', ');
}

/** `1 applied, 2 skipped`; empty before anything was applied. */
function becameOf({ outcomes }) {
  if (outcomes.applied + outcomes.skipped + outcomes.failed === 0) return '';
  return ['applied', 'skipped', 'failed', 'open']
    .filter((state) => outcomes[state] > 0)
    .map((state) => `${outcomes[state]} ${state}`)
    .join(', ');
}

function supersededOf({ superseded_by: newer }) {
  return newer === null ? '' : `superseded by run ${newer}`;
}

/** `web-1 (server 7)`. */
function titleOf({ resource_type: type, resource_id: id, resource_name: name }) {
  const row = `${words(type)}${id === null ? ', no row' : ` ${id}`}`;
  return name === null ? row : `${name} (${row})`;
}

function resourceOf(finding) {
  return [
    titleOf(finding),
    finding.openstack_id === null ? null : h('div', { className: 'soft facts' }, finding.openstack_id),
  ].filter((part) => part !== null);
}

function changesOf({ before, after }) {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  if (names.length === 0) return '–';
  return h(
    'div',
    { className: 'facts' },
    names.map((name) =>
      h('div', {}, `${name}: `, h('del', {}, valueOf(before, name)), ' → ', h('ins', {}, valueOf(after, name))),
    ),
  );
}

function valueOf(side, name) {
  const value = side?.[name];
  if (value === undefined) return '∅';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function evidenceOf({ id, evidence }) {
  if (evidence.length === 0) return '–';
  return h(
    'details',
    { 'data-key': `evidence-${id}` },
    h('summary', { 'data-key': `evidence-of-${id}` }, `${evidence.length} answer${evidence.length === 1 ? '' : 's'}`),
    h(
      'ul',
      { className: 'facts' },
      evidence.map(({ request_id: requestId, url, seen_at: seenAt }) =>
        h('li', {}, `${url} `, time(seenAt), ` ${requestId}`),
      ),
    ),
  );
}
