import { Injectable } from '@nestjs/common';
import { MetricRegistry, type Counter } from '../common/metrics.js';
import type { OperationState } from './operation-state.js';

/** What this replica tells of the operations that it carries out. */
@Injectable()
export class OperationMetrics {
  private readonly endings: Counter<'kind' | 'state'>;
  private readonly fenced: Counter;
  private readonly bugs: Counter;

  constructor(registry: MetricRegistry) {
    this.endings = registry.counter({
      name: 'cloud_api_operations_ended_total',
      help: 'Operations that this replica brought to their end.',
      labels: ['kind', 'state'],
    });
    this.fenced = registry.counter({
      name: 'cloud_api_operation_fenced_writes_total',
      help: 'Writes that were refused because somebody else had taken or ended the operation.',
    });
    this.bugs = registry.counter({
      name: 'cloud_api_operation_bugs_total',
      help: 'Operations that met an error which nobody had foreseen; each is in the log.',
    });
  }

  ended(kind: string, state: OperationState): void {
    this.endings.add({ kind, state });
  }

  fencedWrite(): void {
    this.fenced.add({});
  }

  bug(): void {
    this.bugs.add({});
  }
}
