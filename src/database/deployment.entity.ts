import { Column, Entity } from 'typeorm';
import { CreatedAtColumn, IdColumn, UpdatedAtColumn } from './columns.js';

@Entity({ name: 'deployment' })
export class DeploymentEntity {
  @IdColumn()
  id!: number;

  @Column({ name: 'singleton', type: 'tinyint', default: 1, unique: true })
  singleton!: number;

  @Column({ name: 'deployment_id', type: 'char', length: 8, charset: 'ascii', collation: 'ascii_bin' })
  deploymentId!: string;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
