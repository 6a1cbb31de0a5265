import { Name, OneOf, Text } from '../common/fields.js';
import { PageQuery } from '../common/pagination.dto.js';
import type { KeyPairDetails } from './key-pair.service.js';

export class AddKeyPairRequest {
  @Name({ description: 'Unique among your own.', example: 'laptop' })
  name!: string;

  @Text({
    min: 1,
    max: 16_384,
    description:
      'One line as in `id_ed25519.pub`: ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256, -384, -521 or a sk-… key, with or without a comment.',
    example: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPhnhfBlg2alJsi9PoDZmO/XwydhHyv/KrfXQ5U4bZw6 me@example',
  })
  public_key!: string;
}

export class KeyPairListQuery extends PageQuery {
  @OneOf(['created_at', 'name'], { optional: true, description: 'What the list is sorted by.' })
  sort_by?: 'created_at' | 'name';
}

/** A public key of yours, the same in every answer that holds one. */
export class KeyPairResponse {
  /** @example 3 */
  id!: number;

  /** @example laptop */
  name!: string;

  /** @example ssh-ed25519 */
  type!: string;

  /** @example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPhnhfBlg2alJsi9PoDZmO/XwydhHyv/KrfXQ5U4bZw6 me@example */
  public_key!: string;

  /** As `ssh-keygen -l` shows it. @example SHA256:Cqh7ySWMl2HWb7I/BEmontOv1KkHRSuJMRI7A3kqz8M */
  fingerprint!: string;

  /** @example 2026-11-24T09:30:00.512Z */
  created_at!: string;

  /** @example 2026-11-24T09:30:00.512Z */
  updated_at!: string;

  static from(keyPair: KeyPairDetails): KeyPairResponse {
    return {
      id: keyPair.id,
      name: keyPair.name,
      type: keyPair.type,
      public_key: keyPair.publicKey,
      fingerprint: keyPair.fingerprint,
      created_at: keyPair.createdAt.toISOString(),
      updated_at: keyPair.updatedAt.toISOString(),
    };
  }
}

export class KeyPairListResponse {
  key_pairs!: KeyPairResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}
