import { Module } from '@nestjs/common';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { CatalogClient } from './catalog.client.js';
import { CatalogController } from './catalog.controller.js';
import { NetworkQuotaClient } from './network-quota.client.js';
import { CatalogService } from './catalog.service.js';

@Module({
  imports: [OpenStackModule],
  controllers: [CatalogController],
  providers: [CatalogClient, NetworkQuotaClient, CatalogService],
  exports: [CatalogService, NetworkQuotaClient],
})
export class CatalogModule {}
