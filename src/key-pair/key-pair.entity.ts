import { Column, Entity } from 'typeorm';
import {
  BigintColumn,
  CreatedAtColumn,
  IdColumn,
  OpenStackIdColumn,
  TimeColumn,
  UpdatedAtColumn,
} from '../database/columns.js';

@Entity({ name: 'key_pair' })
export class KeyPairEntity {
  @IdColumn()
  id!: number;

  @BigintColumn('user_id')
  userId!: number;

  @Column({ name: 'name', type: 'varchar', length: 255 })
  name!: string;

  @OpenStackIdColumn('type')
  type!: string;

  @Column({ name: 'public_key', type: 'text' })
  publicKey!: string;

  @OpenStackIdColumn('fingerprint')
  fingerprint!: string;

  @TimeColumn('deleted_at', { nullable: true })
  deletedAt!: Date | null;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
