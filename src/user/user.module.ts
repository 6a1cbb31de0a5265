import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { OperationModule } from '../operation/operation.module.js';
import { UserDetailsRepository } from './user-details.repository.js';
import { UserClient } from './user.client.js';
import { UserController } from './user.controller.js';
import { UserRepository } from './user.repository.js';
import { UserService } from './user.service.js';

@Module({
  imports: [AuditModule, OpenStackModule, OperationModule],
  controllers: [UserController],
  providers: [UserClient, UserRepository, UserDetailsRepository, UserService],
  exports: [UserClient, UserRepository, UserDetailsRepository, UserService],
})
export class UserModule {}
