import { get, post } from './api.js';
import { acting, confirmed, duration, facts, h, replace, table, tag, tell, time } from './dom.js';

/** The loops, how far behind they are, and the switch that stops them. */
export function status(container, every) {
  const body = h('div');
  replace(container, h('h2', {}, 'Loops of reconciliation'), body);

  const pause = async () => {
    const text =
      'On every replica, until they are resumed. Operations go on; what changes in OpenStack, people and projects included, is not noticed meanwhile.';
    if (
      !(await confirmed({ title: 'Pause the loops?', body: h('p', {}, text), action: 'Pause them', isDangerous: true }))
    )
      return;
    await post('/admin/reconciliation/pause');
    tell('The loops are paused.');
    await refresh();
  };
  const resume = async () => {
    await post('/admin/reconciliation/resume');
    tell('The loops run again.');
    await refresh();
  };

  async function refresh() {
    const seen = await get('/admin/reconciliation-status');
    const isPaused = seen.paused !== null && seen.paused !== undefined && seen.paused !== false;
    const stuck = seen.oldest_stuck_operation;
    const sweep = seen.last_sweep;
    replace(
      body,
      h(
        'div',
        { className: 'bar' },
        isPaused
          ? [
              h(
                'p',
                { className: 'banner warn' },
                'Paused since ',
                time(seen.paused.since),
                seen.paused.by_account === null ? '' : ` by ${seen.paused.by_account}`,
              ),
              h(
                'button',
                { type: 'button', className: 'primary', 'data-key': 'switch', onclick: acting(resume) },
                'Resume',
              ),
            ]
          : [
              tag('running', 'good'),
              h(
                'button',
                { type: 'button', className: 'danger', 'data-key': 'switch', onclick: acting(pause) },
                'Pause…',
              ),
            ],
      ),
      h(
        'div',
        { className: 'panel' },
        facts([
          [
            'Last complete comparison',
            sweep === null || sweep === undefined
              ? 'none yet'
              : [
                  h('a', { href: `#/reconciliations/${sweep.id}`, 'data-key': 'sweep' }, `Run ${sweep.id}`),
                  ` ${sweep.state}, `,
                  time(sweep.finished_at ?? sweep.started_at),
                  sweep.complete ? '' : ' (incomplete)',
                ],
          ].map((part) => (Array.isArray(part) ? h('span', {}, part) : part)),
          [
            'Oldest stuck operation',
            stuck === null || stuck === undefined
              ? 'none'
              : h(
                  'span',
                  {},
                  h('a', { href: '#/operations', 'data-key': 'stuck' }, `#${stuck.id} ${stuck.kind}`),
                  ` ${stuck.state}, since `,
                  time(stuck.created_at),
                ),
          ],
        ]),
      ),
      h('h3', {}, 'Loops'),
      table(
        'Each is run by one replica at a time',
        [
          [
            'Loop',
            ({ name, description }) => [name, description === null ? '' : h('div', { className: 'soft' }, description)],
          ],
          ['Every', ({ interval_ms }) => (interval_ms === 0 ? 'off' : duration(interval_ms))],
          ['Completed', ({ completed_at }) => time(completed_at)],
          ['Behind', ({ lag_ms }) => duration(lag_ms)],
          ['Held by', ({ owner }) => owner ?? '–'],
          ['Epoch', ({ epoch }) => String(epoch)],
        ],
        seen.loops ?? [],
        'No loop has run yet.',
      ),
      h('h3', {}, 'Changes read so far'),
      table(
        'By the clock of each service',
        [
          ['Of', ({ name }) => name],
          ['Until', ({ seen_until }) => time(seen_until)],
          ['Behind', ({ lag_ms }) => duration(lag_ms)],
        ],
        seen.watermarks ?? [],
        'No change has been read yet.',
      ),
      h('h3', {}, 'Services of OpenStack'),
      table(
        'As the replica that answered sees them',
        [
          ['Service', ({ name }) => name],
          [
            'Reachable',
            ({ reachable }) =>
              reachable === null ? 'not asked yet' : reachable ? tag('yes', 'good') : tag('no', 'bad'),
          ],
        ],
        seen.services ?? [],
        'None was asked yet.',
      ),
    );
  }
  every(5_000, refresh);
}
