import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { OpenStackCall, OpenStackService } from '../openstack/openstack-call.js';
import { OpenStackHttp } from '../openstack/openstack-http.js';
import { cinderMicroversion, novaMicroversion } from '../openstack/openstack-microversions.js';
import { wireId } from '../openstack/openstack-wire.js';

export interface ObservedAvailabilityZone {
  readonly name: string;
  /** Whether the service takes new things there at the moment. */
  readonly isAvailable: boolean;
}

const zoneList = z
  .object({
    availabilityZoneInfo: z.array(z.object({ zoneName: wireId, zoneState: z.object({ available: z.boolean() }) })),
  })
  .transform(({ availabilityZoneInfo }) =>
    availabilityZoneInfo.map(({ zoneName, zoneState }) => ({ name: zoneName, isAvailable: zoneState.available })),
  );

/** The zones of Nova and of Cinder, which need not be the same. */
@Injectable()
export class AvailabilityZoneClient {
  constructor(private readonly http: OpenStackHttp) {}

  ofServers(call: OpenStackCall): Promise<readonly ObservedAvailabilityZone[]> {
    return this.list('compute', novaMicroversion, call);
  }

  ofVolumes(call: OpenStackCall): Promise<readonly ObservedAvailabilityZone[]> {
    return this.list('volume', cinderMicroversion, call);
  }

  private async list(
    service: OpenStackService,
    microversion: string,
    call: OpenStackCall,
  ): Promise<readonly ObservedAvailabilityZone[]> {
    const answer = await this.http.send({
      service,
      method: 'GET',
      path: '/os-availability-zone',
      operation: 'GET /os-availability-zone',
      microversion,
      ok: [200],
      schema: zoneList,
      call,
    });
    return answer.data;
  }
}
