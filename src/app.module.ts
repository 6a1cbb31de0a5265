import { Module, type DynamicModule } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AuthModule } from './auth/auth.module.js';
import { CatalogModule } from './catalog/catalog.module.js';
import type { MetricRegistry } from './common/metrics.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { entities } from './entities.js';
import { FloatingIpModule } from './floating-ip/floating-ip.module.js';
import { HealthModule } from './health/health.module.js';
import { KeyPairModule } from './key-pair/key-pair.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { NetworkInterfaceModule } from './network-interface/network-interface.module.js';
import { OperationModule } from './operation/operation.module.js';
import { ReconciliationModule } from './reconciliation/reconciliation.module.js';
import { SecurityGroupModule } from './security-group/security-group.module.js';
import { ServerModule } from './server/server.module.js';
import { ProjectModule } from './project/project.module.js';
import { UserModule } from './user/user.module.js';
import { VolumeModule } from './volume/volume.module.js';

/** The composition of the service: what there is, not what it does. */
@Module({})
export class AppModule {
  static with(config: Config, metrics: MetricRegistry): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        MetricsModule.with(config, metrics),
        DatabaseModule.with(entities),
        ScheduleModule.forRoot(),
        AuthModule,
        ProjectModule,
        UserModule,
        CatalogModule,
        SecurityGroupModule,
        VolumeModule,
        FloatingIpModule,
        KeyPairModule,
        NetworkInterfaceModule,
        ServerModule,
        OperationModule,
        ReconciliationModule,
        HealthModule,
      ],
    };
  }
}
