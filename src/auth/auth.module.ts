import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { ProjectModule } from '../project/project.module.js';
import { UserModule } from '../user/user.module.js';
import { AccessCheckService } from './access-check.service.js';
import { AccessTokens } from './access-tokens.js';
import { AuthClient } from './auth.client.js';
import { AuthController } from './auth.controller.js';
import { AuthGuard } from './auth.guard.js';
import { IdentityImportService } from './identity-import.service.js';
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

/** Also guards every route of the app. */
@Module({
  imports: [DiscoveryModule, OpenStackModule, ProjectModule, UserModule],
  controllers: [AuthController],
  providers: [
    AccessCheckService,
    AccessTokens,
    AuthClient,
    IdentityImportService,
    IdentityRecordService,
    IdentityRepository,
    KeystoneIdentityService,
    KeystonePersonService,
    LoginFailureRepository,
    LoginService,
    LoginThrottleService,
    ServiceAccountClient,
    SessionRefreshService,
    SessionRepository,
    SessionService,
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [IdentityImportService],
})
export class AuthModule {}
