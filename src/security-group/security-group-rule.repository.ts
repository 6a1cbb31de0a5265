import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ExistingRule } from './security-group-rule.js';

interface Row {
  readonly id: number;
  readonly openstackId: string;
  readonly description: string | null;
}

/** The rules of groups as Neutron showed them last. Whoever writes holds the group's row. */
@Injectable()
export class SecurityGroupRuleRepository {
  /**
   * Makes the rules of each group those that Neutron shows; `rulesOf` is by our ids of groups. A rule never changes there but for
   * its description: what is not there any more goes, what is new comes, the rest keeps its id.
   */
  async mirror(tx: EntityManager, rulesOf: ReadonlyMap<number, readonly ExistingRule[]>): Promise<void> {
    if (rulesOf.size === 0) return;
    const rows: Row[] = await tx.query(
      `SELECT id, openstack_id AS openstackId, description FROM security_group_rule
        WHERE security_group_id IN (?) AND openstack_id IS NOT NULL`,
      [[...rulesOf.keys()]],
    );
    const known = new Map(rows.map((row) => [row.openstackId, row]));
    const inserts: unknown[][] = [];
    const touched = new Set<number>();
    for (const [groupId, rules] of rulesOf) {
      for (const rule of rules) {
        const row = known.get(rule.openstackId);
        known.delete(rule.openstackId);
        const isSame = row?.description === rule.description;
        if (isSame) continue;
        touched.add(groupId);
        if (row === undefined) inserts.push(valuesOf(groupId, rule));
        else await tx.query('UPDATE security_group_rule SET description = ? WHERE id = ?', [rule.description, row.id]);
      }
    }
    await this.delete(tx, [...known.values()]);
    if (inserts.length > 0) {
      await tx.query(
        `INSERT INTO security_group_rule
           (security_group_id, openstack_id, protocol, ether_type, direction, port_range_min, port_range_max, remote_ip_prefix,
            remote_group_openstack_id, description)
         VALUES ?`,
        [inserts],
      );
    }
    if (touched.size > 0) await touch(tx, [...touched]);
  }

  /** OpenStack's ids of the rules that are recorded. */
  async idsOf(manager: EntityManager, groupId: number): Promise<readonly string[]> {
    const rows: { openstackId: string }[] = await manager.query(
      `SELECT openstack_id AS openstackId FROM security_group_rule
        WHERE security_group_id = ? AND openstack_id IS NOT NULL ORDER BY id`,
      [groupId],
    );
    return rows.map((row) => row.openstackId);
  }

  /** With a group Neutron deletes the rules of others that let its members in. */
  async deleteReferencesTo(tx: EntityManager, groupOpenstackId: string): Promise<void> {
    const rows: { id: number; groupId: number }[] = await tx.query(
      'SELECT id, security_group_id AS groupId FROM security_group_rule WHERE remote_group_openstack_id = ? ORDER BY id',
      [groupOpenstackId],
    );
    await this.delete(tx, rows);
  }

  async deleteOf(tx: EntityManager, groupId: number): Promise<void> {
    await tx.query('DELETE FROM security_group_rule WHERE security_group_id = ?', [groupId]);
  }

  private async delete(tx: EntityManager, rows: readonly { readonly id: number }[]): Promise<void> {
    if (rows.length === 0) return;
    const ids = rows.map((row) => row.id);
    const groups: { id: number }[] = await tx.query(
      'SELECT DISTINCT security_group_id AS id FROM security_group_rule WHERE id IN (?) ORDER BY id',
      [ids],
    );
    await tx.query('DELETE FROM security_group_rule WHERE id IN (?)', [ids]);
    await touch(
      tx,
      groups.map((group) => group.id),
    );
  }
}

/** A group changes with its rules. */
async function touch(tx: EntityManager, groupIds: readonly number[]): Promise<void> {
  if (groupIds.length === 0) return;
  await tx.query('UPDATE security_group SET version = version + 1 WHERE id IN (?)', [groupIds]);
}

function valuesOf(groupId: number, rule: ExistingRule): unknown[] {
  return [
    groupId,
    rule.openstackId,
    rule.protocol,
    rule.etherType,
    rule.direction,
    rule.portRangeMin,
    rule.portRangeMax,
    rule.remoteIpPrefix,
    rule.remoteGroup,
    rule.description,
  ];
}
