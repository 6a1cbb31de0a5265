import { Column, Entity } from 'typeorm';
import {
  BigintColumn,
  CreatedAtColumn,
  IdColumn,
  OpenStackIdColumn,
  TimeColumn,
  UpdatedAtColumn,
} from '../database/columns.js';

@Entity({ name: 'idempotency_key' })
export class IdempotencyKeyEntity {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('scope', { length: 128 })
  scope!: string;

  @OpenStackIdColumn('idempotency_key', { length: 255 })
  idempotencyKey!: string;

  @Column({ name: 'fingerprint', type: 'binary', length: 32 })
  fingerprint!: Buffer;

  @BigintColumn('operation_id', { nullable: true })
  operationId!: number | null;

  @Column({ name: 'status', type: 'smallint', nullable: true })
  status!: number | null;

  @Column({ name: 'body', type: 'mediumtext', nullable: true })
  body!: string | null;

  @TimeColumn('expires_at')
  expiresAt!: Date;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
