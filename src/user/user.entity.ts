import { Column, Entity } from 'typeorm';
import {
  BigintColumn,
  CreatedAtColumn,
  FlagColumn,
  IdColumn,
  OpenStackIdColumn,
  TimeColumn,
  UpdatedAtColumn,
  UuidColumn,
} from '../database/columns.js';

@Entity({ name: 'user' })
export class UserEntity {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('openstack_id', { nullable: true, unique: true })
  openstackId!: string | null;

  @BigintColumn('domain_id')
  domainId!: number;

  @Column({ name: 'account_id', type: 'varchar', length: 255 })
  accountId!: string;

  @Column({ name: 'name', type: 'varchar', length: 255 })
  name!: string;

  @UuidColumn()
  uuid!: string;

  @FlagColumn('enabled', true)
  enabled!: boolean;

  /** An admin of this installation, whatever projects there are. */
  @FlagColumn('is_admin', false)
  isAdmin!: boolean;

  @Column({ name: 'managed_by', type: 'varchar', length: 16, default: 'imported' })
  managedBy!: 'created' | 'imported';

  @TimeColumn('observed_at', { nullable: true })
  observedAt!: Date | null;

  /** Null: never here. */
  @TimeColumn('password_changed_at', { nullable: true })
  passwordChangedAt!: Date | null;

  @TimeColumn('deleted_at', { nullable: true })
  deletedAt!: Date | null;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
