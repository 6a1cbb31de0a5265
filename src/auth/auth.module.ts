import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { AuditModule } from '../audit/audit.module.js';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { OperationModule } from '../operation/operation.module.js';
import { ProjectModule } from '../project/project.module.js';
import { ReconciliationModule } from '../reconciliation/reconciliation.module.js';
import { UserModule } from '../user/user.module.js';
import { AccessCheckService } from './access-check.service.js';
import { AccessTokens } from './access-tokens.js';
import { AuthClient } from './auth.client.js';
import { AuthController } from './auth.controller.js';
import { AuthGuard } from './auth.guard.js';
import { IdentityImportService } from './identity-import.service.js';
import { IdentityReconciler } from './identity.reconciler.js';
import { IdentityRecordService } from './identity-record.service.js';
import { IdentityRepository } from './identity.repository.js';
import { KeystoneIdentityService } from './keystone-identity.service.js';
import { KeystonePersonService } from './keystone-person.service.js';
import { LoginFailureRepository } from './login-failure.repository.js';
import { LoginThrottleService } from './login-throttle.service.js';
import { LoginService } from './login.service.js';
import { SessionRefreshService } from './session-refresh.service.js';
import { ServiceAccountClient } from './service-account.client.js';
import { SessionRepository } from './session.repository.js';
import { SessionService } from './session.service.js';
import { AccountController } from './account.controller.js';
import { MemberAdditionOperation } from './member-addition.operation.js';
import { MemberRemovalOperation } from './member-removal.operation.js';
import { MembershipController } from './membership.controller.js';
import { MembershipService } from './membership.service.js';
import { PasswordChangeService } from './password-change.service.js';
import { ProjectResourcesRepository } from './project-resources.repository.js';
import { SignUpGuard } from './sign-up.guard.js';
import { SignUpOperation } from './sign-up.operation.js';
import { SignUpPasswords } from './sign-up-passwords.js';
import { SignUpRepository } from './sign-up.repository.js';
import { SignUpService } from './sign-up.service.js';
import { UserDeletionOperation } from './user-deletion.operation.js';
import { UserDeletionService } from './user-deletion.service.js';

/** Also guards every route of the app. */
@Module({
  imports: [
    AuditModule,
    DiscoveryModule,
    OpenStackModule,
    OperationModule,
    ProjectModule,
    ReconciliationModule,
    UserModule,
  ],
  controllers: [AuthController, AccountController, MembershipController],
  providers: [
    AccessCheckService,
    AccessTokens,
    AuthClient,
    IdentityImportService,
    IdentityReconciler,
    IdentityRecordService,
    IdentityRepository,
    KeystoneIdentityService,
    KeystonePersonService,
    LoginFailureRepository,
    LoginService,
    LoginThrottleService,
    MemberAdditionOperation,
    MemberRemovalOperation,
    MembershipService,
    PasswordChangeService,
    ProjectResourcesRepository,
    ServiceAccountClient,
    SessionRefreshService,
    SessionRepository,
    SessionService,
    SignUpGuard,
    SignUpOperation,
    SignUpPasswords,
    SignUpRepository,
    SignUpService,
    UserDeletionOperation,
    UserDeletionService,
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [IdentityImportService],
})
export class AuthModule {}
