import { Column } from 'typeorm';
import { TimeColumn, UuidColumn } from './columns.js';

export type DeletedReason = 'user' | 'cascade' | 'external' | 'compensation';
export type ManagedBy = 'created' | 'adopted';

/** What every row has that stands for an object in OpenStack. */
export abstract class ManagedColumns {
  /** The marker of the object in OpenStack. */
  @UuidColumn()
  uuid!: string;

  @Column({ name: 'version', type: 'int', default: 1 })
  version!: number;

  /** OpenStack's own word, as it was seen last. */
  @Column({ name: 'openstack_status', type: 'varchar', length: 64, nullable: true })
  openstackStatus!: string | null;

  @TimeColumn('observed_at', { nullable: true })
  observedAt!: Date | null;

  @TimeColumn('missing_since', { nullable: true })
  missingSince!: Date | null;

  @Column({ name: 'fault_code', type: 'varchar', length: 64, nullable: true })
  faultCode!: string | null;

  @Column({ name: 'fault_message', type: 'varchar', length: 500, nullable: true })
  faultMessage!: string | null;

  @Column({ name: 'deleted_reason', type: 'varchar', length: 16, nullable: true })
  deletedReason!: DeletedReason | null;

  @Column({ name: 'managed_by', type: 'varchar', length: 16, default: 'created' })
  managedBy!: ManagedBy;

  @TimeColumn('deleted_at', { nullable: true })
  deletedAt!: Date | null;
}
