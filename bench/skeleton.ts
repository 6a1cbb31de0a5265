import { Controller, Get, Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ScheduleModule } from '@nestjs/schedule';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import 'axios';
import 'class-validator';
import 'jose';
import 'pino';
import 'zod';
import { MetricRegistry } from '../src/common/metrics.js';
import { readConfig } from '../src/config/config.js';
import { ConfigModule } from '../src/config/config.module.js';
import { Database } from '../src/database/database.js';
import { DatabaseModule } from '../src/database/database.module.js';

/** The framework with the same modules and no features: what `boot` is compared with. */
@Controller('health')
class ReadyController {
  constructor(private readonly database: Database) {}

  @Get('ready')
  async ready(): Promise<{ ready: boolean }> {
    return { ready: await this.database.isMigrated() };
  }
}

const config = readConfig(process.env);

/** What the database counts into. */
@Global()
@Module({ providers: [MetricRegistry], exports: [MetricRegistry] })
class CountsModule {}

@Module({
  imports: [CountsModule, ConfigModule.with(config), DatabaseModule.with([]), ScheduleModule.forRoot()],
  controllers: [ReadyController],
})
class SkeletonModule {}

const app = await NestFactory.create<NestFastifyApplication>(SkeletonModule, new FastifyAdapter(), {
  logger: ['error'],
});
SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, new DocumentBuilder().build()));
await app.listen(config.settings.PORT, config.settings.HOST);
