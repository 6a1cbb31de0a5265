import { Module } from '@nestjs/common';
import { OpenStackCheck } from './openstack-check.service.js';
import { OpenStackConnection } from './openstack-connection.js';
import { OpenStackHttp } from './openstack-http.js';
import { OpenStackTokens } from './openstack-tokens.js';

/** Needs Config, which is global. */
@Module({
  providers: [OpenStackConnection, OpenStackTokens, OpenStackHttp, OpenStackCheck],
  exports: [OpenStackConnection, OpenStackHttp, OpenStackTokens],
})
export class OpenStackModule {}
