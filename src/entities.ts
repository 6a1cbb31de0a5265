import { AuditEventEntity } from './audit/audit-event.entity.js';
import { LoginFailureEntity } from './auth/login-failure.entity.js';
import { SessionEntity } from './auth/session.entity.js';
import { SignUpCountEntity } from './auth/sign-up-count.entity.js';
import { DeploymentEntity } from './database/deployment.entity.js';
import { LeaseEntity } from './database/lease.entity.js';
import { FloatingIpEntity } from './floating-ip/floating-ip.entity.js';
import { KeyPairEntity } from './key-pair/key-pair.entity.js';
import { NetworkInterfaceSecurityGroupEntity } from './network-interface/network-interface-security-group.entity.js';
import { NetworkInterfaceEntity } from './network-interface/network-interface.entity.js';
import { IdempotencyKeyEntity } from './operation/idempotency-key.entity.js';
import { OperationLockEntity } from './operation/operation-lock.entity.js';
import { OperationEntity } from './operation/operation.entity.js';
import { DomainEntity } from './project/domain.entity.js';
import { ProjectUserEntity } from './project/project-user.entity.js';
import { ProjectEntity } from './project/project.entity.js';
import { OrphanEntity } from './reconciliation/orphan.entity.js';
import { PolicyEntity } from './reconciliation/policy.entity.js';
import { ReconciliationFindingEntity } from './reconciliation/reconciliation-finding.entity.js';
import { ReconciliationRunEntity } from './reconciliation/reconciliation-run.entity.js';
import { WatermarkEntity } from './reconciliation/watermark.entity.js';
import { SecurityGroupRuleEntity } from './security-group/security-group-rule.entity.js';
import { SecurityGroupEntity } from './security-group/security-group.entity.js';
import { ServerEntity } from './server/server.entity.js';
import { UserEntity } from './user/user.entity.js';
import { VolumeEntity } from './volume/volume.entity.js';

/** Every table of the record; a migration test compares them with the schema. */
export const entities = [
  DomainEntity,
  ProjectEntity,
  UserEntity,
  ProjectUserEntity,
  ServerEntity,
  NetworkInterfaceEntity,
  VolumeEntity,
  SecurityGroupEntity,
  SecurityGroupRuleEntity,
  NetworkInterfaceSecurityGroupEntity,
  FloatingIpEntity,
  KeyPairEntity,
  OperationEntity,
  OperationLockEntity,
  IdempotencyKeyEntity,
  AuditEventEntity,
  SessionEntity,
  LoginFailureEntity,
  SignUpCountEntity,
  LeaseEntity,
  DeploymentEntity,
  OrphanEntity,
  ReconciliationRunEntity,
  ReconciliationFindingEntity,
  PolicyEntity,
  WatermarkEntity,
] as const;
