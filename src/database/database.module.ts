import { Global, Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { createDataSource } from './data-source.js';
import { Database } from './database.js';
import { DeploymentService } from './deployment.service.js';
import { LeaseService } from './lease.service.js';
import { Replica } from './replica.js';
import { Transaction } from './transaction.js';

@Global()
@Module({})
export class DatabaseModule {
  /** The entities are named by the composition of the app: this folder knows no feature. */
  static with(entities: readonly (new () => object)[]): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        {
          provide: DataSource,
          inject: [Config],
          useFactory: (config: Config) => createDataSource(config.settings, entities),
        },
        Database,
        Transaction,
        Replica,
        LeaseService,
        DeploymentService,
      ],
      exports: [Database, Transaction, Replica, LeaseService, DeploymentService],
    };
  }
}
