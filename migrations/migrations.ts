import { CreateDomain1764000000001 } from './1764000000001-create-domain.js';
import { CreateProject1764000000002 } from './1764000000002-create-project.js';
import { CreateUser1764000000003 } from './1764000000003-create-user.js';
import { CreateProjectUser1764000000004 } from './1764000000004-create-project-user.js';
import { CreateServer1764000000005 } from './1764000000005-create-server.js';
import { CreateNetworkInterface1764000000006 } from './1764000000006-create-network-interface.js';
import { CreateVolume1764000000007 } from './1764000000007-create-volume.js';
import { CreateSecurityGroup1764000000008 } from './1764000000008-create-security-group.js';
import { CreateSecurityGroupRule1764000000009 } from './1764000000009-create-security-group-rule.js';
import { CreateNetworkInterfaceSecurityGroup1764000000010 } from './1764000000010-create-network-interface-security-group.js';
import { CreateFloatingIp1764000000011 } from './1764000000011-create-floating-ip.js';
import { CreateOperation1764000000012 } from './1764000000012-create-operation.js';
import { CreateOperationLock1764000000013 } from './1764000000013-create-operation-lock.js';
import { CreateIdempotencyKey1764000000014 } from './1764000000014-create-idempotency-key.js';
import { CreateAuditEvent1764000000015 } from './1764000000015-create-audit-event.js';
import { CreateSession1764000000016 } from './1764000000016-create-session.js';
import { CreateLease1764000000017 } from './1764000000017-create-lease.js';
import { CreateDeployment1764000000018 } from './1764000000018-create-deployment.js';
import { CreateOrphan1764000000019 } from './1764000000019-create-orphan.js';
import { AddVolumeAvailabilityZone1764000000021 } from './1764000000021-add-volume-availability-zone.js';
import { IndexVolumeCreated1764000000022 } from './1764000000022-index-volume-created.js';
import { IndexVolumeName1764000000023 } from './1764000000023-index-volume-name.js';
import { CreateLoginFailure1764000000041 } from './1764000000041-create-login-failure.js';
import { AddSessionRotatedAt1764000000042 } from './1764000000042-add-session-rotated-at.js';
import { CreateSignUpCount1764000000043 } from './1764000000043-create-sign-up-count.js';
import { AddProjectUserIsPending1764000000044 } from './1764000000044-add-project-user-is-pending.js';
import { CreateKeyPair1764000000051 } from './1764000000051-create-key-pair.js';
import { WidenOperationSecret1764000000061 } from './1764000000061-widen-operation-secret.js';
import { CreateReconciliationRun1764000000071 } from './1764000000071-create-reconciliation-run.js';
import { CreateReconciliationFinding1764000000072 } from './1764000000072-create-reconciliation-finding.js';
import { CreatePolicy1764000000073 } from './1764000000073-create-policy.js';
import { CreateWatermark1764000000074 } from './1764000000074-create-watermark.js';
import { IndexAuditEventActor1764000000081 } from './1764000000081-index-audit-event-actor.js';
import { IndexAuditEventAction1764000000082 } from './1764000000082-index-audit-event-action.js';
import { IndexAuditEventCreated1764000000083 } from './1764000000083-index-audit-event-created.js';
import { AddNetworkInterfaceFormerServer1764000000085 } from './1764000000085-add-network-interface-former-server.js';
import { IndexServerLists1764000000092 } from './1764000000092-index-server-lists.js';
import { IndexNetworkInterfaceLists1764000000093 } from './1764000000093-index-network-interface-lists.js';
import { IndexFloatingIpLists1764000000094 } from './1764000000094-index-floating-ip-lists.js';
import { IndexSecurityGroupLists1764000000095 } from './1764000000095-index-security-group-lists.js';
import { IndexProjectLists1764000000096 } from './1764000000096-index-project-lists.js';
import { IndexUserLists1764000000097 } from './1764000000097-index-user-lists.js';
import { AddUserPasswordChangedAt1764000000098 } from './1764000000098-add-user-password-changed-at.js';

/** In the order in which they run; a new one goes to the end, and none is edited once merged. */
export const migrations = [
  CreateDomain1764000000001,
  CreateProject1764000000002,
  CreateUser1764000000003,
  CreateProjectUser1764000000004,
  CreateServer1764000000005,
  CreateNetworkInterface1764000000006,
  CreateVolume1764000000007,
  CreateSecurityGroup1764000000008,
  CreateSecurityGroupRule1764000000009,
  CreateNetworkInterfaceSecurityGroup1764000000010,
  CreateFloatingIp1764000000011,
  CreateOperation1764000000012,
  CreateOperationLock1764000000013,
  CreateIdempotencyKey1764000000014,
  CreateAuditEvent1764000000015,
  CreateSession1764000000016,
  CreateLease1764000000017,
  CreateDeployment1764000000018,
  CreateOrphan1764000000019,
  AddVolumeAvailabilityZone1764000000021,
  IndexVolumeCreated1764000000022,
  IndexVolumeName1764000000023,
  CreateLoginFailure1764000000041,
  AddSessionRotatedAt1764000000042,
  CreateSignUpCount1764000000043,
  AddProjectUserIsPending1764000000044,
  CreateKeyPair1764000000051,
  WidenOperationSecret1764000000061,
  CreateReconciliationRun1764000000071,
  CreateReconciliationFinding1764000000072,
  CreatePolicy1764000000073,
  CreateWatermark1764000000074,
  IndexAuditEventActor1764000000081,
  IndexAuditEventAction1764000000082,
  IndexAuditEventCreated1764000000083,
  AddNetworkInterfaceFormerServer1764000000085,
  IndexServerLists1764000000092,
  IndexNetworkInterfaceLists1764000000093,
  IndexFloatingIpLists1764000000094,
  IndexSecurityGroupLists1764000000095,
  IndexProjectLists1764000000096,
  IndexUserLists1764000000097,
  AddUserPasswordChangedAt1764000000098,
] as const;
