import { Module } from '@nestjs/common';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { AvailabilityZoneClient } from './availability-zone.client.js';
import { CatalogClient } from './catalog.client.js';
import { CatalogController } from './catalog.controller.js';
import { NetworkQuotaClient } from './network-quota.client.js';
import { CatalogService } from './catalog.service.js';
import { KnownKindsService } from './known-kinds.service.js';
import { QuotaClient } from './quota.client.js';
import { QuotaService } from './quota.service.js';

@Module({
  imports: [OpenStackModule],
  controllers: [CatalogController],
  providers: [
    CatalogClient,
    AvailabilityZoneClient,
    NetworkQuotaClient,
    QuotaClient,
    CatalogService,
    QuotaService,
    KnownKindsService,
  ],
  exports: [CatalogService, KnownKindsService, NetworkQuotaClient],
})
export class CatalogModule {}
