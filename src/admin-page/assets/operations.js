import { get, post } from './api.js';
import { acting, confirmed, field, h, replace, select, table, tag, tell, time } from './dom.js';
import { projectName, projectNames } from './projects.js';

const final = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED']);

/** What does not end by itself, and what can be done about it. */
export function operations(container, every) {
  const list = h('div');
  let names = null;
  const choice = select(
    'which',
    [
      ['stuck=true', 'that somebody should look at'],
      ['state=RUNNING', 'running'],
      ['state=QUEUED', 'queued'],
      ['state=NEEDS_ATTENTION', 'needing attention'],
      ['state=FAILED', 'failed'],
      ['', 'of every kind'],
    ],
    'stuck=true',
  );
  const refresh = async () => {
    names ??= await projectNames();
    const { operations: rows } = await get(
      `/admin/operations?${choice.value === '' ? '' : `${choice.value}&`}limit=100`,
    );
    draw(rows);
  };
  choice.addEventListener('change', acting(refresh));
  replace(
    container,
    h('h2', {}, 'Operations'),
    h('div', { className: 'fields' }, field('Show operations', choice)),
    list,
  );

  const retry = async ({ id }) => {
    await post(`/admin/operations/${id}/retry`);
    tell(`Operation ${id} is due now.`);
    await refresh();
  };
  const abandon = async (operation) => {
    const { id, kind } = operation;
    const isWanted = await confirmed({
      title: `Abandon operation ${id}?`,
      action: 'Abandon it',
      isDangerous: true,
      body: [
        h('p', {}, `${kind} on ${resourceOf(operation)} ends as FAILED, and its resources may be changed again.`),
        h('p', {}, 'Nothing is undone in OpenStack: what is left there is taken by the sweep for orphans.'),
      ],
    });
    if (!isWanted) return;
    await post(`/admin/operations/${id}/abandon`);
    tell(`Operation ${id} was abandoned.`);
    await refresh();
  };

  function draw(rows) {
    const button = (operation, name, work, className) =>
      h(
        'button',
        {
          type: 'button',
          className,
          'data-key': `${name}-${operation.id}`,
          'aria-label': `${name} operation ${operation.id}`,
          disabled: final.has(operation.state),
          onclick: acting(() => work(operation)),
        },
        name,
      );
    replace(
      list,
      table(
        rows.length === 1 ? 'One operation' : `${rows.length} operations`,
        [
          ['Operation', ({ id, kind }) => `#${id} ${kind}`],
          [
            'On',
            (operation) =>
              `${resourceOf(operation)}${operation.project_id === null ? '' : ` in ${projectName(names, operation.project_id)}`}`,
          ],
          [
            'State',
            ({ state, stuck }) => [
              tag(state, state === 'FAILED' ? 'bad' : state === 'SUCCEEDED' ? 'good' : 'soft'),
              ' ',
              stuck === null || stuck === state ? '' : tag(stuck, 'bad'),
            ],
          ],
          [
            'Step',
            ({ step, step_title, phase }) => [
              `${step_title}${phase === 'COMPENSATE' ? ' (being undone)' : ''}`,
              h('div', { className: 'soft facts' }, step),
            ],
          ],
          ['Since', ({ step_since_at }) => time(step_since_at)],
          ['Next try', ({ next_run_at, state }) => (final.has(state) ? '–' : time(next_run_at))],
          [
            'Last failure',
            ({ last_failure, error, failures }) =>
              last_failure === null ? (error?.message ?? '–') : `${last_failure} (${failures} ×)`,
          ],
          [
            'Do',
            (operation) =>
              h(
                'div',
                { className: 'bar' },
                button(operation, 'Retry', retry),
                button(operation, 'Abandon', abandon, 'danger'),
              ),
          ],
        ],
        rows,
        'There is none: nothing needs you.',
      ),
    );
  }
  every(5_000, refresh);
}

/** `web-1 (server 7)`. */
function resourceOf({ resource: { type, id }, resource_name: name }) {
  const row = `${type.replaceAll('_', ' ')} ${id}`;
  return name === null ? row : `${name} (${row})`;
}
