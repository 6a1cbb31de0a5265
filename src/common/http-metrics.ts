import type { Counter, Histogram, MetricRegistry } from './metrics.js';

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What the service tells of the requests that it answers: by route, never by path. */
export class HttpMetrics {
  private readonly durations: Histogram<'method' | 'route' | 'status'>;
  private readonly errors: Counter;

  constructor(registry: MetricRegistry) {
    this.durations = registry.histogram({
      name: 'cloud_api_http_request_duration_seconds',
      help: 'Requests that were answered; the route is "none" where no route has the path.',
      labels: ['method', 'route', 'status'],
    });
    this.errors = registry.counter({
      name: 'cloud_api_unexpected_errors_total',
      help: 'Requests that were answered by 500: bugs of ours; each is in the log.',
    });
  }

  /** `route` as the router has it; null where there is none. */
  answered(request: { readonly method: string; readonly route: string | null }, status: number, ms: number): void {
    const method = methods.has(request.method) ? request.method : 'other';
    const route = request.route?.replace(/:([a-z_]+)/g, '{$1}') ?? 'none';
    this.durations.observe({ method, route, status: String(status) }, ms / 1_000);
  }

  unexpectedError(): void {
    this.errors.add({});
  }
}
