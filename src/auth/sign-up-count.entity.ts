import { Column, Entity } from 'typeorm';
import { CreatedAtColumn, IdColumn, OpenStackIdColumn, TimeColumn, UpdatedAtColumn } from '../database/columns.js';

/** How often an address signed up since its window began. */
@Entity({ name: 'sign_up_count' })
export class SignUpCountEntity {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('address', { unique: true })
  address!: string;

  @Column({ name: 'sign_ups', type: 'int', default: 0 })
  signUps!: number;

  @TimeColumn('window_ends_at')
  windowEndsAt!: Date;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
