import type { Config } from '../../src/config/config.js';
import { AuthClient } from '../../src/auth/auth.client.js';
import { AvailabilityZoneClient } from '../../src/catalog/availability-zone.client.js';
import { CatalogClient } from '../../src/catalog/catalog.client.js';
import { NetworkQuotaClient } from '../../src/catalog/network-quota.client.js';
import { QuotaClient } from '../../src/catalog/quota.client.js';
import { FloatingIpClient } from '../../src/floating-ip/floating-ip.client.js';
import { NovaKeyPairClient } from '../../src/key-pair/nova-key-pair.client.js';
import { NetworkInterfaceClient } from '../../src/network-interface/network-interface.client.js';
import { MetricRegistry } from '../../src/common/metrics.js';
import { OpenStackConnection } from '../../src/openstack/openstack-connection.js';
import { OpenStackHttp } from '../../src/openstack/openstack-http.js';
import { OpenStackTokens } from '../../src/openstack/openstack-tokens.js';
import { ProjectClient } from '../../src/project/project.client.js';
import { SecurityGroupClient } from '../../src/security-group/security-group.client.js';
import { ServerActionClient } from '../../src/server/server-action.client.js';
import { ServerConsoleClient } from '../../src/server/server-console.client.js';
import { ServerClient } from '../../src/server/server.client.js';
import { VolumeAttachmentClient } from '../../src/server/volume-attachment.client.js';
import { UserClient } from '../../src/user/user.client.js';
import { VolumeClient } from '../../src/volume/volume.client.js';

/** Every client, as one account of the cloud. */
export class Clients {
  readonly connection: OpenStackConnection;
  readonly tokens: OpenStackTokens;
  readonly http: OpenStackHttp;
  readonly auth: AuthClient;
  readonly catalog: CatalogClient;
  readonly availabilityZones: AvailabilityZoneClient;
  readonly floatingIps: FloatingIpClient;
  readonly keyPairs: NovaKeyPairClient;
  readonly networkInterfaces: NetworkInterfaceClient;
  readonly networkQuotas: NetworkQuotaClient;
  readonly projects: ProjectClient;
  readonly quotas: QuotaClient;
  readonly securityGroups: SecurityGroupClient;
  readonly serverActions: ServerActionClient;
  readonly serverConsoles: ServerConsoleClient;
  readonly servers: ServerClient;
  readonly users: UserClient;
  readonly volumeAttachments: VolumeAttachmentClient;
  readonly volumes: VolumeClient;

  constructor(readonly config: Config) {
    this.connection = new OpenStackConnection(config, new MetricRegistry());
    this.tokens = new OpenStackTokens(config, this.connection);
    this.http = new OpenStackHttp(config, this.connection, this.tokens);
    this.auth = new AuthClient(this.http);
    this.catalog = new CatalogClient(this.http);
    this.availabilityZones = new AvailabilityZoneClient(this.http);
    this.floatingIps = new FloatingIpClient(this.http);
    this.keyPairs = new NovaKeyPairClient(this.http);
    this.networkInterfaces = new NetworkInterfaceClient(this.http);
    this.networkQuotas = new NetworkQuotaClient(this.http);
    this.projects = new ProjectClient(this.http);
    this.quotas = new QuotaClient(this.http);
    this.securityGroups = new SecurityGroupClient(this.http);
    this.serverActions = new ServerActionClient(this.http);
    this.serverConsoles = new ServerConsoleClient(this.http);
    this.servers = new ServerClient(this.http);
    this.users = new UserClient(this.http);
    this.volumeAttachments = new VolumeAttachmentClient(this.http);
    this.volumes = new VolumeClient(this.http);
  }
}
