import { Module } from '@nestjs/common';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { OperationModule } from '../operation/operation.module.js';
import { ProjectDetailsRepository } from './project-details.repository.js';
import { ProjectRenameOperation } from './project-rename.operation.js';
import { ProjectRenameService } from './project-rename.service.js';
import { ProjectClient } from './project.client.js';
import { ProjectController } from './project.controller.js';
import { ProjectRepository } from './project.repository.js';
import { ProjectService } from './project.service.js';

@Module({
  imports: [OpenStackModule, OperationModule],
  controllers: [ProjectController],
  providers: [
    ProjectClient,
    ProjectRepository,
    ProjectDetailsRepository,
    ProjectService,
    ProjectRenameService,
    ProjectRenameOperation,
  ],
  exports: [ProjectClient, ProjectRepository, ProjectService],
})
export class ProjectModule {}
