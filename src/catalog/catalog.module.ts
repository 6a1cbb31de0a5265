import { Module } from '@nestjs/common';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { CatalogClient } from './catalog.client.js';
import { CatalogService } from './catalog.service.js';

@Module({ imports: [OpenStackModule], providers: [CatalogClient, CatalogService], exports: [CatalogService] })
export class CatalogModule {}
