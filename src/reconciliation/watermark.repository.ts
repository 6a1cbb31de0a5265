import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ResourceType } from '../operation/operation-state.js';

/** Up to when, by the service's clock, the changes of a type of resource have been taken over. */
@Injectable()
export class WatermarkRepository {
  /** Null before the first time. */
  async find(manager: EntityManager, resourceType: ResourceType): Promise<Date | null> {
    const rows: { seenUntil: Date }[] = await manager.query(
      'SELECT seen_until AS seenUntil FROM watermark WHERE name = ?',
      [resourceType],
    );
    return rows[0]?.seenUntil ?? null;
  }

  async set(tx: EntityManager, resourceType: ResourceType, seenUntil: Date): Promise<void> {
    await tx.query(
      'INSERT INTO watermark (name, seen_until) VALUES (?, ?) AS new ON DUPLICATE KEY UPDATE seen_until = new.seen_until',
      [resourceType, seenUntil],
    );
  }
}
