import { describe, expect, it } from '@jest/globals';
import { compareServer, serverTransition, type ReconciledServer, type SeenServer } from './server-comparison.js';

const at = new Date('2026-01-01T00:00:00Z');

const row: ReconciledServer = {
  id: 1,
  uuid: '11111111-1111-4111-8111-111111111111',
  openstackId: 's-1',
  projectId: 7,
  name: 'web',
  observedAt: at,
  createdAt: at,
  missingSince: null,
  isDeleted: 0,
  deletedReason: null,
  operationId: null,
  readAt: at,
  status: 'ACTIVE',
  openstackStatus: 'ACTIVE',
  flavorOpenstackId: 'f-1',
  availabilityZone: 'nova',
  keyName: null,
  faultCode: null,
  faultMessage: null,
  managedBy: 'created',
};

const seen: SeenServer = {
  openstackId: 's-1',
  name: 'web',
  projectId: 'p-1',
  status: 'ACTIVE',
  taskState: null,
  fault: null,
  tags: [],
  flavorName: 'm1.tiny',
  flavorId: 'f-1',
  availabilityZone: 'nova',
  keyName: null,
  volumeIds: [],
  createdAt: at,
  updatedAt: at,
  host: 'h-1',
  rootDevice: '/dev/vda',
  imageId: null,
  isPartial: false,
};

const said = (message: string) => ({ code: 'OPENSTACK_ERROR', message: `Nova shows the server as ERROR. ${message}` });

describe('a row of a server and Nova', () => {
  it('agree', () => {
    expect(compareServer(row, seen)).toEqual([]);
  });

  it.each<[string, Partial<ReconciledServer>, Partial<SeenServer>]>([
    ['a name with what Nova does not take', { name: 'web 🚀' }, { name: 'web _' }],
    ['a name that was taken here', { name: 'web-2' }, { name: 'web' }],
    ['a flavor that is unknown', {}, { flavorId: null, flavorName: 'gone' }],
    ['no zone, for it has no host', {}, { availabilityZone: null }],
    ['our key under its name in Nova', { keyName: 'laptop' }, { keyName: row.uuid }],
    ['a fault that an operation told', { faultCode: 'DEADLINE_EXCEEDED', faultMessage: 'It took too long.' }, {}],
    ['a fault that Nova shows outside of ERROR', {}, { fault: { code: 500, message: 'old' } }],
  ])('agree in spite of %s', (_what, ours, theirs) => {
    expect(compareServer({ ...row, ...ours }, { ...seen, ...theirs })).toEqual([]);
  });

  it.each<[string, Partial<ReconciledServer>, Partial<SeenServer>, object[]]>([
    ['status', {}, { status: 'SHUTOFF' }, [{ field: 'status', ours: 'ACTIVE', theirs: 'SHUTOFF', kind: 'status' }]],
    [
      'status, with a word of its own',
      {},
      { status: 'FLYING' },
      [{ field: 'status', ours: 'ACTIVE', theirs: 'UNKNOWN', kind: 'status' }],
    ],
    [
      'word, where ours is the same',
      { status: 'UNKNOWN', openstackStatus: 'FLYING' },
      { status: 'SINKING' },
      [{ field: 'openstack_status', ours: 'FLYING', theirs: 'SINKING', kind: 'status' }],
    ],
    [
      'status, hidden until it is gone for good',
      {},
      { status: 'SOFT_DELETED' },
      [{ field: 'status', ours: 'ACTIVE', theirs: 'SOFT_DELETED', kind: 'status' }],
    ],
    [
      'fault',
      {},
      { status: 'ERROR', fault: { code: 500, message: ' disk\n  is  full ' } },
      [
        { field: 'status', ours: 'ACTIVE', theirs: 'ERROR', kind: 'status' },
        { field: 'fault', ours: null, theirs: said('It said: disk is full'), kind: 'fault' },
      ],
    ],
    [
      'fault, without words',
      { status: 'ERROR', openstackStatus: 'ERROR' },
      { status: 'ERROR' },
      [{ field: 'fault', ours: null, theirs: said('It gave no reason.'), kind: 'fault' }],
    ],
    [
      'fault, which is over',
      { faultCode: 'OPENSTACK_ERROR', faultMessage: 'Nova shows the server as ERROR.' },
      {},
      [
        {
          field: 'fault',
          ours: { code: 'OPENSTACK_ERROR', message: 'Nova shows the server as ERROR.' },
          theirs: null,
          kind: 'field',
        },
      ],
    ],
    ['flavor', {}, { flavorId: 'f-2' }, [{ field: 'flavor_id', ours: 'f-1', theirs: 'f-2', kind: 'field' }]],
    [
      'zone',
      {},
      { availabilityZone: 'az2' },
      [{ field: 'availability_zone', ours: 'nova', theirs: 'az2', kind: 'field' }],
    ],
    ['key', {}, { keyName: 'k' }, [{ field: 'key_name', ours: null, theirs: 'k', kind: 'field' }]],
    ['name', {}, { name: 'db' }, [{ field: 'name', ours: 'web', theirs: 'db', kind: 'name' }]],
  ])('differ in the %s', (_what, ours, theirs, differences) => {
    expect(compareServer({ ...row, ...ours }, { ...seen, ...theirs })).toEqual(differences);
  });

  it('keep a fault to 500 characters', () => {
    const [, told] = compareServer(row, { ...seen, status: 'ERROR', fault: { code: 500, message: 'x'.repeat(900) } });
    expect(told?.theirs).toMatchObject({ message: expect.stringMatching(/^.{500}$/) });
  });
});

describe('what Nova does to a server', () => {
  it.each<[Partial<SeenServer>, RegExp | null]>([
    [{}, null],
    [{ status: 'ERROR' }, null],
    [{ status: 'VERIFY_RESIZE' }, null],
    [{ status: 'SHELVED_OFFLOADED' }, null],
    [{ status: 'BUILD' }, /building.*--state error s-1/],
    [{ status: 'BUILD', taskState: 'spawning' }, /building/],
    [{ taskState: 'deleting' }, /deletion.*--state error s-1/],
    [{ taskState: 'soft-deleting' }, /deletion/],
    [{ taskState: 'powering-off' }, /powering-off.*--state active s-1/],
    [{ status: 'HARD_REBOOT', taskState: 'rebooting_hard' }, /rebooting_hard/],
  ])('%j is a transition with the repair %s', (change, repair) => {
    const transition = serverTransition({ ...seen, ...change });
    if (repair === null) expect(transition).toBeNull();
    else expect(transition).toEqual({ since: at, repair: expect.stringMatching(repair) });
  });
});
