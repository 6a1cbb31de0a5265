import { describe, expect, it } from '@jest/globals';
import {
  compareVolume,
  volumeTransition,
  type KnownServers,
  type ReconciledVolume,
  type SeenVolume,
} from './volume-comparison.js';

const at = new Date('2026-01-01T00:00:00Z');

const row: ReconciledVolume = {
  id: 1,
  uuid: '11111111-1111-4111-8111-111111111111',
  openstackId: 'v-1',
  projectId: 7,
  name: 'data',
  description: null,
  observedAt: at,
  createdAt: at,
  missingSince: null,
  isDeleted: 0,
  deletedReason: null,
  operationId: null,
  readAt: at,
  status: 'AVAILABLE',
  openstackStatus: 'available',
  size: 1,
  volumeTypeOpenstackId: 't-1',
  availabilityZone: 'nova',
  serverId: null,
  device: null,
  isRootVolume: 0,
  faultCode: null,
  faultMessage: null,
};

const seen: SeenVolume = {
  openstackId: 'v-1',
  name: 'data',
  description: null,
  projectId: 'p-1',
  status: 'available',
  size: 1,
  volumeType: 'ssd',
  volumeTypeId: 't-1',
  availabilityZone: 'nova',
  isBootable: false,
  metadataMarker: null,
  attachments: [],
  imageId: null,
  createdAt: at,
  updatedAt: at,
};

const servers: KnownServers = new Map([
  ['s-1', 41],
  ['s-2', 42],
]);
const onServer = { serverId: 41, device: '/dev/vdb', status: 'IN_USE', openstackStatus: 'in-use' } as const;
const rootOnServer = { ...onServer, device: '/dev/vda', isRootVolume: 1 } as const;
const attached = (serverId: string, device = '/dev/vdb') => ({ status: 'in-use', attachments: [{ serverId, device }] });
const known = { status: 'AVAILABLE', openstackStatus: 'available' } as const;

describe('a row of a volume and Cinder', () => {
  it.each<[string, Partial<ReconciledVolume>, Partial<SeenVolume>]>([
    ['nothing', {}, {}],
    ['white space at the edges', { name: ' data ', description: 'for it \n' }, { description: 'for it' }],
    ['what Cinder does not take', { name: '🚀', description: '🚀' }, { name: '_', description: '_' }],
    ['no name there', { name: 'v-1' }, { name: '' }],
    ['an unknown type', {}, { volumeType: 'gone', volumeTypeId: null }],
    ['a server of ours', onServer, attached('s-1')],
    [
      'a second attachment that is foreign',
      onServer,
      {
        status: 'in-use',
        attachments: [
          { serverId: 'foreign', device: '/dev/vdx' },
          { serverId: 's-1', device: '/dev/vdb' },
        ],
      },
    ],
    [
      'an attachment that is not listed yet',
      { ...onServer, status: 'ATTACHING', openstackStatus: 'attaching' },
      { status: 'attaching' },
    ],
    ['a root volume without its server', { ...rootOnServer, ...known }, {}],
    ['a fault that an operation told', { faultCode: 'VOLUME_KEPT', faultMessage: 'It was kept.' }, {}],
  ])('agree in spite of %s', (_what, ours, theirs) => {
    expect(compareVolume({ ...row, ...ours }, { ...seen, ...theirs }, servers)).toEqual([]);
  });

  const fault = (status: string) => ({ code: 'OPENSTACK_ERROR', message: `Cinder shows the volume as ${status}.` });

  it.each<[string, Partial<ReconciledVolume>, Partial<SeenVolume>, object[]]>([
    [
      'status',
      {},
      { status: 'maintenance' },
      [{ field: 'status', ours: 'AVAILABLE', theirs: 'MAINTENANCE', kind: 'status' }],
    ],
    [
      'word',
      { status: 'UNKNOWN', openstackStatus: 'flying' },
      { status: 'sinking' },
      [{ field: 'openstack_status', ours: 'flying', theirs: 'sinking', kind: 'status' }],
    ],
    [
      'fault',
      {},
      { status: 'error_extending' },
      [
        { field: 'status', ours: 'AVAILABLE', theirs: 'ERROR_EXTENDING', kind: 'status' },
        { field: 'fault', ours: null, theirs: fault('error_extending'), kind: 'fault' },
      ],
    ],
    [
      'fault, which is over',
      { faultCode: 'OPENSTACK_ERROR', faultMessage: 'Cinder shows the volume as error.' },
      {},
      [{ field: 'fault', ours: fault('error'), theirs: null, kind: 'field' }],
    ],
    ['size', {}, { size: 3 }, [{ field: 'size', ours: 1, theirs: 3, kind: 'field' }]],
    ['type', {}, { volumeTypeId: 't-2' }, [{ field: 'volume_type_id', ours: 't-1', theirs: 't-2', kind: 'field' }]],
    [
      'zone',
      {},
      { availabilityZone: 'az2' },
      [{ field: 'availability_zone', ours: 'nova', theirs: 'az2', kind: 'field' }],
    ],
    [
      'server, attached outside',
      known,
      attached('s-2'),
      [
        { field: 'status', ours: 'AVAILABLE', theirs: 'IN_USE', kind: 'status' },
        { field: 'server_id', ours: null, theirs: 42, kind: 'field' },
        { field: 'device', ours: null, theirs: '/dev/vdb', kind: 'field' },
      ],
    ],
    [
      'server, detached outside',
      { ...onServer, ...known },
      {},
      [
        { field: 'server_id', ours: 41, theirs: null, kind: 'field' },
        { field: 'device', ours: '/dev/vdb', theirs: null, kind: 'field' },
      ],
    ],
    [
      'server, which is foreign',
      onServer,
      attached('foreign'),
      [
        { field: 'server_id', ours: 41, theirs: null, kind: 'field' },
        { field: 'device', ours: '/dev/vdb', theirs: null, kind: 'field' },
      ],
    ],
    [
      'server that a root volume was moved to',
      rootOnServer,
      attached('s-2', '/dev/vdc'),
      [
        { field: 'server_id', ours: 41, theirs: 42, kind: 'field' },
        { field: 'device', ours: '/dev/vda', theirs: '/dev/vdc', kind: 'field' },
        { field: 'is_root_volume', ours: true, theirs: false, kind: 'field' },
      ],
    ],
    ['name', {}, { name: 'other' }, [{ field: 'name', ours: 'data', theirs: 'other', kind: 'name' }]],
    ['description', {}, { description: 'new' }, [{ field: 'description', ours: null, theirs: 'new', kind: 'name' }]],
  ])('differ in the %s', (_what, ours, theirs, differences) => {
    expect(compareVolume({ ...row, ...ours }, { ...seen, ...theirs }, servers)).toEqual(differences);
  });
});

describe('what Cinder does to a volume', () => {
  it.each(['available', 'in-use', 'error', 'error_deleting', 'maintenance', 'awaiting-transfer', 'flying'])(
    '%s is no transition',
    (status) => {
      expect(volumeTransition({ ...seen, status })).toBeNull();
    },
  );

  it.each([
    ['creating', /--state error v-1/],
    ['downloading', /--state error v-1/],
    ['reserved', /--state available --detached v-1/],
    ['attaching', /--state available --detached v-1/],
    ['detaching', /--state in-use --attached v-1.*--state available --detached v-1/],
    ['extending', /--state available v-1/],
    ['deleting', /--state error v-1/],
    ['uploading', /--state available v-1/],
    ['retyping', /--state available v-1/],
  ])('%s is a transition with the repair %s', (status, repair) => {
    const created = new Date('2025-12-31T00:00:00Z');
    const transition = volumeTransition({ ...seen, status, createdAt: created, updatedAt: null });
    expect(transition).toEqual({ since: created, repair: expect.stringMatching(repair) });
  });
});
