import { Entity } from 'typeorm';
import { CreatedAtColumn, IdColumn, OpenStackIdColumn, TimeColumn, UpdatedAtColumn } from '../database/columns.js';

/** Up to when, by the service's clock, changes of a type of resource have been taken over. */
@Entity({ name: 'watermark' })
export class WatermarkEntity {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('name', { unique: true })
  name!: string;

  @TimeColumn('seen_until')
  seenUntil!: Date;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
