import { Injectable } from '@nestjs/common';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deriveKey } from '../common/derived-key.js';
import { Config } from '../config/config.js';
import type { OperationEntity } from './operation.entity.js';

const cipher = 'aes-256-gcm';
const ivLength = 12;
const tagLength = 16;

/** What an operation must know and nobody may read: encrypted until it is used, then wiped. Bound to its operation. */
@Injectable()
export class OperationSecrets {
  private readonly key: Uint8Array;

  constructor({ settings }: Config) {
    this.key = deriveKey(settings.SECRET_KEY, 'operation secret');
  }

  seal(operationUuid: string, text: string): Buffer {
    const iv = randomBytes(ivLength);
    const encryption = createCipheriv(cipher, this.key, iv);
    encryption.setAAD(Buffer.from(operationUuid));
    const sealed = Buffer.concat([encryption.update(text, 'utf8'), encryption.final()]);
    return Buffer.concat([iv, encryption.getAuthTag(), sealed]);
  }

  /** Null when there is none, or none any more. */
  open({ uuid, secret }: Pick<OperationEntity, 'uuid' | 'secret'>): string | null {
    if (secret === null) return null;
    const decryption = createDecipheriv(cipher, this.key, secret.subarray(0, ivLength));
    decryption.setAAD(Buffer.from(uuid));
    decryption.setAuthTag(secret.subarray(ivLength, ivLength + tagLength));
    return Buffer.concat([decryption.update(secret.subarray(ivLength + tagLength)), decryption.final()]).toString(
      'utf8',
    );
  }
}
