import { Column, Entity } from 'typeorm';
import { BigintColumn, CreatedAtColumn, FlagColumn, IdColumn, UpdatedAtColumn } from '../database/columns.js';
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

  /** OpenStack is still to give the role: until then the user is not in the project. */
  @FlagColumn('is_pending', false)
  isPending!: boolean;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
