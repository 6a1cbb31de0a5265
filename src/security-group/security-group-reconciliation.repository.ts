import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { duplicateKey } from '../database/database-errors.js';
import { lockJoin, reconciledColumns, selectedRows, type RowSelection } from '../reconciliation/marked-resource.js';
import type { FollowedWords, ReconciledSecurityGroup } from './security-group-comparison.js';
import { importedName } from './security-group-name.js';

export interface AdoptedGroupRow extends FollowedWords {
  readonly openstackId: string;
  readonly uuid: string;
  readonly projectId: number;
  readonly isDefault: boolean;
}

/** Rows of security groups, with their rules, beside what Neutron shows. */
@Injectable()
export class SecurityGroupReconciliationRepository {
  async rows(manager: EntityManager, selection: RowSelection): Promise<readonly ReconciledSecurityGroup[]> {
    const [where, parameters] = selectedRows('g', selection);
    return manager.query(
      `SELECT ${reconciledColumns('g')}, g.name, g.description,
              (SELECT JSON_ARRAYAGG(JSON_OBJECT(
                        'openstackId', r.openstack_id, 'protocol', r.protocol, 'etherType', r.ether_type, 'direction', r.direction,
                        'portRangeMin', r.port_range_min, 'portRangeMax', r.port_range_max, 'remoteIpPrefix', r.remote_ip_prefix,
                        'remoteGroup', r.remote_group_openstack_id, 'description', r.description))
                 FROM security_group_rule r WHERE r.security_group_id = g.id AND r.openstack_id IS NOT NULL) AS rules
         FROM security_group g ${lockJoin('g', 'security_group')} WHERE ${where}`,
      [...parameters],
    );
  }

  /** A name that is taken gets `-2`, `-3` … */
  async setWords(tx: EntityManager, id: number, { name, description }: FollowedWords): Promise<void> {
    await withFreeName(name, (free) =>
      tx.query('UPDATE security_group SET name = ?, description = ? WHERE id = ?', [free, description, id]),
    );
  }

  async insertAdopted(tx: EntityManager, group: AdoptedGroupRow): Promise<number> {
    return withFreeName(group.name, async (name) => {
      const result: { insertId: number } = await tx.query(
        `INSERT INTO security_group (openstack_id, uuid, project_id, name, description, is_default, managed_by, observed_at)
         VALUES (?, ?, ?, ?, ?, ?, 'adopted', NOW(3))`,
        [group.openstackId, group.uuid, group.projectId, name, group.description, group.isDefault],
      );
      return result.insertId;
    });
  }

  /** A deleted row lives again, as what was asked for at `sentAt` shows its group. A name that is taken gets `-2`, `-3` … */
  async restore(tx: EntityManager, id: number, { name, description }: FollowedWords, sentAt: Date): Promise<void> {
    await withFreeName(name, (free) =>
      tx.query(
        `UPDATE security_group SET deleted_at = NULL, deleted_reason = NULL, missing_since = NULL, name = ?, description = ?,
                observed_at = ?, version = version + 1 WHERE id = ?`,
        [free, description, sentAt, id],
      ),
    );
  }
}

async function withFreeName<T>(name: string, write: (name: string) => Promise<T>): Promise<T> {
  for (let copy = 1; ; copy += 1) {
    try {
      return await write(importedName(name, copy));
    } catch (error) {
      if (duplicateKey(error) !== 'uq_security_group_live_name') throw error;
    }
  }
}
