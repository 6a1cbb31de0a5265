import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { KeyPairController } from './key-pair.controller.js';
import { KeyPairRepository } from './key-pair.repository.js';
import { KeyPairService } from './key-pair.service.js';
import { NovaKeyPairClient } from './nova-key-pair.client.js';

@Module({
  imports: [OpenStackModule, AuditModule],
  controllers: [KeyPairController],
  providers: [KeyPairRepository, KeyPairService, NovaKeyPairClient],
  exports: [KeyPairService, NovaKeyPairClient],
})
export class KeyPairModule {}
