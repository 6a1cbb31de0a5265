import { getTagged, put } from './api.js';
import { acting, confirmed, field, h, replace, select, table, tell } from './dom.js';

const monthSeconds = 30 * 24 * 3_600;

/** [name, title, hint, words to choose from or the least and the greatest number] */
const known = [
  [
    'missing',
    'A row whose object is gone',
    'only marked, or deleted when the grace time is over',
    ['mark', 'tombstone'],
  ],
  [
    'missing_grace_seconds',
    'Grace time (seconds)',
    'how long an object must be gone before its row is deleted',
    { min: 0, max: monthSeconds },
  ],
  [
    'mass_missing_count',
    'Brake: number',
    'in one project more missing than this, and than the share, are a mass',
    { min: 0, max: 1_000_000 },
  ],
  ['mass_missing_percent', 'Brake: share (percent)', 'of the rows of a type in a project', { min: 0, max: 100 }],
  ['unmanaged', 'An object that was not made here', 'reported, or given a row', ['report', 'adopt']],
  ['orphans', 'An object that no row owns any more', 'reported, or deleted on second sight', ['report', 'delete']],
  [
    'names',
    'A name that differs',
    'the record takes OpenStack’s, or OpenStack gets the record’s',
    ['accept', 'enforce'],
  ],
  [
    'stuck_after_seconds',
    'Stuck after (seconds)',
    'how long a transition may take before it is reported',
    { min: 1, max: monthSeconds },
  ],
];

/** What is done about findings without asking. */
export function policies(container, every) {
  const body = h('div');
  replace(container, h('h2', {}, 'Policies'), body);

  async function load() {
    const { body: values, tag } = await getTagged('/admin/reconciliation-policies');
    const controls = known
      .filter(([name]) => name in values)
      .map(([name, title, hint, words]) => {
        const control = Array.isArray(words)
          ? select(name, words, values[name])
          : h('input', {
              ...{ name, type: 'number', min: String(words.min), max: String(words.max) },
              ...{ required: true, value: String(values[name]) },
            });
        return [name, title, control, hint];
      });
    const save = async () => {
      const set = Object.fromEntries(
        controls.map(([name, , control]) => [name, control.type === 'number' ? Number(control.value) : control.value]),
      );
      const changes = controls.filter(([name]) => set[name] !== values[name]);
      if (changes.length === 0) return tell('Nothing was changed.');
      const columns = [
        ['Policy', ([, title]) => title],
        ['Now', ([name]) => String(values[name])],
        ['Then', ([name]) => String(set[name])],
      ];
      const isWanted = await confirmed({
        title: 'Set the policies?',
        action: 'Set them',
        body: table('They hold from the next page that a loop reads on', columns, changes, ''),
      });
      if (!isWanted) return undefined;
      await put('/admin/reconciliation-policies', set, tag === null ? {} : { 'if-match': tag });
      tell('The policies are set.');
      return load();
    };
    replace(
      body,
      h(
        'form',
        { className: 'panel', onsubmit: acting(save) },
        h(
          'div',
          { className: 'fields' },
          controls.map(([, title, control, hint]) => field(title, control, hint)),
        ),
        h('button', { type: 'submit', className: 'primary', 'data-key': 'save' }, 'Set…'),
      ),
    );
  }
  // Once: what is being typed must stay.
  every(0, load);
}
