import { Column, Entity } from 'typeorm';
import { CreatedAtColumn, IdColumn, OpenStackIdColumn, TimeColumn, UpdatedAtColumn } from '../database/columns.js';

/** How often an account, or an address, failed to log in since its window began. */
@Entity({ name: 'login_failure' })
export class LoginFailureEntity {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('scope', { length: 16 })
  scope!: 'account' | 'address';

  @Column({ name: 'subject', type: 'varchar', length: 255 })
  subject!: string;

  @Column({ name: 'failures', type: 'int', default: 0 })
  failures!: number;

  /** Attempts that Keystone has not judged yet; they count for nothing once `pending_until` is over. */
  @Column({ name: 'pending', type: 'int', default: 0 })
  pending!: number;

  @TimeColumn('pending_until', { nullable: true })
  pendingUntil!: Date | null;

  @TimeColumn('window_ends_at')
  windowEndsAt!: Date;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
