import { Module } from '@nestjs/common';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { ProjectClient } from './project.client.js';
import { ProjectRepository } from './project.repository.js';

@Module({
  imports: [OpenStackModule],
  providers: [ProjectClient, ProjectRepository],
  exports: [ProjectClient, ProjectRepository],
})
export class ProjectModule {}
