import { hkdfSync } from 'node:crypto';

/** A key for one purpose, made from SECRET_KEY; knowing one tells nothing about the others. */
export function deriveKey(secretKey: string, purpose: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hkdfSync('sha256', secretKey, '', purpose, 32));
}
