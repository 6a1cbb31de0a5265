import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** Who stopped the loops of reconciliation, and when. */
export interface Pause {
  readonly userId: number | null;
  readonly since: string;
}

/** The decision of the administrators that every loop asks for before it begins. */
@Injectable()
export class PauseRepository {
  /** Null while the loops run. */
  async find(manager: EntityManager): Promise<Pause | null> {
    const rows: { value: Pause }[] = await manager.query("SELECT value FROM policy WHERE name = 'pause'");
    return rows[0]?.value ?? null;
  }

  /** Null: the loops go on. */
  async set(tx: EntityManager, pause: Pause | null): Promise<void> {
    if (pause === null) await tx.query("DELETE FROM policy WHERE name = 'pause'");
    else
      await tx.query(
        "INSERT INTO policy (name, value) VALUES ('pause', ?) AS new ON DUPLICATE KEY UPDATE value = new.value, version = policy.version + 1",
        [JSON.stringify(pause)],
      );
  }
}
