import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** Who stopped the loops of reconciliation, and when. */
export interface Pause {
  readonly userId: number | null;
  /** What the account is called now. */
  readonly accountId: string | null;
  readonly since: string;
}

/** The decision of the administrators that every loop asks for before it begins. */
@Injectable()
export class PauseRepository {
  /** Null while the loops run. */
  async find(manager: EntityManager): Promise<Pause | null> {
    const rows: { value: Omit<Pause, 'accountId'>; accountId: string | null }[] = await manager.query(
      `SELECT p.value, u.account_id AS accountId FROM policy p
         LEFT JOIN user u ON u.id = JSON_VALUE(p.value, '$.userId' RETURNING UNSIGNED) WHERE p.name = 'pause'`,
    );
    const found = rows[0];
    return found === undefined ? null : { ...found.value, accountId: found.accountId };
  }

  /** Null: the loops go on. */
  async set(tx: EntityManager, pause: Pause | null): Promise<void> {
    if (pause === null) await tx.query("DELETE FROM policy WHERE name = 'pause'");
    else
      await tx.query(
        "INSERT INTO policy (name, value) VALUES ('pause', ?) AS new ON DUPLICATE KEY UPDATE value = new.value, version = policy.version + 1",
        [JSON.stringify({ userId: pause.userId, since: pause.since })],
      );
  }
}
