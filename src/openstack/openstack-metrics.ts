import type { Histogram, MetricRegistry } from '../common/metrics.js';
import type { OpenStackService } from './openstack-call.js';

/** What the transport tells of itself: by service and operation, never by address. */
export class OpenStackMetrics {
  private readonly durations: Histogram<'service' | 'operation' | 'status'>;

  constructor(registry: MetricRegistry, reachability: () => ReadonlyMap<OpenStackService, boolean>) {
    this.durations = registry.histogram({
      name: 'cloud_api_openstack_request_duration_seconds',
      help: 'Requests that were sent to OpenStack; the status is "none" where no whole answer came.',
      labels: ['service', 'operation', 'status'],
    });
    registry.gauge(
      {
        name: 'cloud_api_openstack_reachable',
        help: 'Whether this replica takes a service for reachable (1), or sends it only probes (0); absent before the first request.',
      },
      () => [...reachability()].map(([service, isReachable]) => ({ labels: { service }, value: isReachable ? 1 : 0 })),
    );
  }

  /** `status` null: no whole answer. */
  observe(request: { readonly service: string; readonly operation: string }, status: number | null, ms: number): void {
    const { service, operation } = request;
    this.durations.observe({ service, operation, status: status === null ? 'none' : String(status) }, ms / 1_000);
  }
}
