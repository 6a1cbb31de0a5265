import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { Database } from './database.js';

/** Which installation this is: 8 characters, made once and kept in MySQL, a part of every marker in OpenStack. */
@Injectable()
export class DeploymentService {
  private id: string | null = null;

  constructor(private readonly database: Database) {}

  /** @throws DatabaseUnavailable */
  async deploymentId(): Promise<string> {
    this.id ??= await this.database.read(async (manager) => {
      await manager.query('INSERT IGNORE INTO deployment (singleton, deployment_id) VALUES (1, ?)', [
        randomBytes(4).toString('hex'),
      ]);
      const rows: { deploymentId: string }[] = await manager.query(
        'SELECT deployment_id AS deploymentId FROM deployment WHERE singleton = 1',
      );
      const row = rows[0];
      if (row === undefined) throw new Error('the table deployment has no row after an insert');
      return row.deploymentId;
    });
    return this.id;
  }
}
