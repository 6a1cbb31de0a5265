import { Module } from '@nestjs/common';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { UserDetailsRepository } from './user-details.repository.js';
import { UserClient } from './user.client.js';
import { UserRepository } from './user.repository.js';

@Module({
  imports: [OpenStackModule],
  providers: [UserClient, UserRepository, UserDetailsRepository],
  exports: [UserClient, UserRepository, UserDetailsRepository],
})
export class UserModule {}
