import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { AuditRepository, type AuditEventFilter, type RecordedAuditEvent } from './audit.repository.js';

/** What administrators read of who did what. Nothing of it is ever changed. */
@Injectable()
export class AuditService {
  constructor(
    private readonly database: Database,
    private readonly events: AuditRepository,
  ) {}

  list(filter: AuditEventFilter): Promise<readonly RecordedAuditEvent[]> {
    return this.database.read((manager) => this.events.list(manager, filter));
  }
}
