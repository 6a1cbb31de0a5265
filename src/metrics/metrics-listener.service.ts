import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { metricsContentType } from '../common/metrics.js';
import { Config } from '../config/config.js';
import { MetricsService } from './metrics.service.js';

/** GET /metrics on a port of its own, METRICS_PORT, which can be kept from users. */
@Injectable()
export class MetricsListener implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(MetricsListener.name);
  private server: Server | null = null;

  constructor(
    private readonly config: Config,
    private readonly metrics: MetricsService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { METRICS, METRICS_PORT, HOST } = this.config.settings;
    if (!METRICS || METRICS_PORT === 0) return;
    const server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        this.logger.error({ err: error }, 'the metrics could not be told');
        response.writeHead(500).end();
      });
    });
    server.requestTimeout = 10_000;
    server.listen(METRICS_PORT, HOST);
    await once(server, 'listening');
    this.server = server;
  }

  async onApplicationShutdown(): Promise<void> {
    const { server } = this;
    if (server === null) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close').catch(() => undefined);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== '/metrics') return void response.writeHead(404).end();
    if (request.method !== 'GET') return void response.writeHead(405, { allow: 'GET' }).end();
    const text = await this.metrics.text();
    response.writeHead(200, { 'content-type': metricsContentType, 'cache-control': 'no-store' }).end(text);
  }
}
