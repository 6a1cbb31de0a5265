import { Column, Entity } from 'typeorm';
import {
  BigintColumn,
  CreatedAtColumn,
  IdColumn,
  TimeColumn,
  UpdatedAtColumn,
  UuidColumn,
} from '../database/columns.js';

@Entity({ name: 'session' })
export class SessionEntity {
  @IdColumn()
  id!: number;

  @UuidColumn()
  uuid!: string;

  @BigintColumn('user_id')
  userId!: number;

  @BigintColumn('project_id')
  projectId!: number;

  @Column({ name: 'refresh_token_hash', type: 'binary', length: 32, unique: true })
  refreshTokenHash!: Buffer;

  @Column({ name: 'previous_refresh_token_hash', type: 'binary', length: 32, nullable: true })
  previousRefreshTokenHash!: Buffer | null;

  /** When the refresh token was exchanged last. */
  @TimeColumn('rotated_at', { nullable: true })
  rotatedAt!: Date | null;

  @TimeColumn('expires_at')
  expiresAt!: Date;

  @TimeColumn('ended_at', { nullable: true })
  endedAt!: Date | null;

  @Column({ name: 'ended_reason', type: 'varchar', length: 32, nullable: true })
  endedReason!: string | null;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
