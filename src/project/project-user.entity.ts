import { Column, Entity } from 'typeorm';
import { BigintColumn, CreatedAtColumn, IdColumn, UpdatedAtColumn } from '../database/columns.js';
import type { Role } from '../common/principal.js';

@Entity({ name: 'project_user' })
export class ProjectUserEntity {
  @IdColumn()
  id!: number;

  @BigintColumn('user_id')
  userId!: number;

  @BigintColumn('project_id')
  projectId!: number;

  @Column({ name: 'role', type: 'varchar', length: 16 })
  role!: Role;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
