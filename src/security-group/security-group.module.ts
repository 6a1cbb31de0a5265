import { Module } from '@nestjs/common';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { SecurityGroupImportRepository } from './security-group-import.repository.js';
import { SecurityGroupImporter } from './security-group-import.service.js';
import { SecurityGroupClient } from './security-group.client.js';
import { SecurityGroupRepository } from './security-group.repository.js';

@Module({
  imports: [OpenStackModule],
  providers: [SecurityGroupClient, SecurityGroupRepository, SecurityGroupImportRepository, SecurityGroupImporter],
  exports: [SecurityGroupRepository],
})
export class SecurityGroupModule {}
