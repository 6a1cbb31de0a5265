import { Module } from '@nestjs/common';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { CatalogClient } from './catalog.client.js';
import { CatalogController } from './catalog.controller.js';
import { CatalogService } from './catalog.service.js';

@Module({
  imports: [OpenStackModule],
  controllers: [CatalogController],
  providers: [CatalogClient, CatalogService],
  exports: [CatalogService],
})
export class CatalogModule {}
