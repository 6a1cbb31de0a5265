import { Column, Entity } from 'typeorm';
import { CreatedAtColumn, IdColumn, OpenStackIdColumn, UpdatedAtColumn } from '../database/columns.js';

/** A named decision of the administrators. */
@Entity({ name: 'policy' })
export class PolicyEntity {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('name', { unique: true })
  name!: string;

  @Column({ name: 'value', type: 'json' })
  value!: unknown;

  @Column({ name: 'version', type: 'int', default: 1 })
  version!: number;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
