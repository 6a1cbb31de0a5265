import { createHash, createPublicKey } from 'node:crypto';

/** A public key as it goes into `authorized_keys`. */
export interface PublicKey {
  readonly type: string;
  /** One line, with its comment if it has one. */
  readonly line: string;
  /** As `ssh-keygen -l` shows it: `SHA256:…`. */
  readonly fingerprint: string;
}

export const maxPublicKeyBytes = 16 * 1024;

interface Curve {
  readonly name: string;
  readonly jwk: string;
  /** Bytes of a coordinate. */
  readonly size: number;
}

const p256: Curve = { name: 'nistp256', jwk: 'P-256', size: 32 };
const p384: Curve = { name: 'nistp384', jwk: 'P-384', size: 48 };
const p521: Curve = { name: 'nistp521', jwk: 'P-521', size: 66 };

/** What follows the type in the blob of a key (RFC 4253, RFC 5656, RFC 8709, OpenSSH's PROTOCOL.u2f). */
const formats: Readonly<Record<string, (parts: readonly Buffer[]) => boolean>> = {
  'ssh-rsa': isRsa,
  'ssh-ed25519': ([key, ...rest]) => key?.length === 32 && rest.length === 0,
  'ecdsa-sha2-nistp256': (parts) => isEcdsa(p256, parts),
  'ecdsa-sha2-nistp384': (parts) => isEcdsa(p384, parts),
  'ecdsa-sha2-nistp521': (parts) => isEcdsa(p521, parts),
  'sk-ssh-ed25519@openssh.com': ([key, application, ...rest]) =>
    key?.length === 32 && isApplication(application) && rest.length === 0,
  'sk-ecdsa-sha2-nistp256@openssh.com': (parts) => isEcdsa(p256, parts.slice(0, -1)) && isApplication(parts.at(-1)),
};

/** What is wrong with it in words for a person, or the key. */
export function parsePublicKey(text: string): PublicKey | string {
  const line = text.trim();
  if (isPrivateKey(line))
    return 'is a private key, which must not be sent anywhere; keep it to yourself and send the public one, of the file that ends in .pub';
  if (Buffer.byteLength(line) > maxPublicKeyBytes) return `must have at most ${String(maxPublicKeyBytes)} bytes`;
  if (/\p{Cc}/u.test(line)) return 'must be one line without control characters';
  const match = /^(\S+) +(\S+)( .*)?$/.exec(line);
  const [type, base64] = [match?.[1] ?? '', match?.[2] ?? ''];
  const isWellFormed = Object.hasOwn(formats, type) ? formats[type] : undefined;
  if (isWellFormed === undefined) return `must begin with one of ${Object.keys(formats).join(', ')}`;
  const blob = Buffer.from(base64, 'base64');
  const parts = blob.toString('base64') === base64 ? partsOf(blob) : null;
  const [inner, ...rest] = parts ?? [];
  if (inner?.toString('latin1') !== type || !isWellFormed(rest)) return `is not a whole key of type ${type}`;
  const digest = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  return { type, line, fingerprint: `SHA256:${digest}` };
}

/** PEM of any kind, PuTTY's own, or what stands between the lines of OpenSSH's ("openssh-key-v1"). */
function isPrivateKey(text: string): boolean {
  return /PRIVATE KEY|^PuTTY-User-Key-File|^b3BlbnNzaC1rZXktdjE/.test(text);
}

/** A sequence of strings, each after its length in four bytes; null when it does not come out even. */
function partsOf(blob: Buffer): readonly Buffer[] | null {
  const parts: Buffer[] = [];
  let at = 0;
  while (at < blob.length) {
    if (blob.length - at < 4) return null;
    const length = blob.readUInt32BE(at);
    if (length > blob.length - at - 4) return null;
    parts.push(blob.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}

/** Exponent and modulus; OpenSSH takes 1,024 to 16,384 bits. */
function isRsa(parts: readonly Buffer[]): boolean {
  const [exponent, modulus] = parts;
  if (parts.length !== 2 || exponent === undefined || modulus === undefined) return false;
  const bits = BigInt(`0x0${modulus.toString('hex')}`).toString(2).length;
  const isOdd = ((exponent.at(-1) ?? 0) & 1) === 1;
  return isOdd && BigInt(`0x0${exponent.toString('hex')}`) > 1n && bits >= 1_024 && bits <= 16_384;
}

/** The curve's name and an uncompressed point on it. */
function isEcdsa({ name, jwk, size }: Curve, parts: readonly Buffer[]): boolean {
  const [curve, point] = parts;
  if (parts.length !== 2 || curve?.toString('latin1') !== name || point?.length !== 1 + 2 * size || point[0] !== 4)
    return false;
  const x = point.subarray(1, 1 + size).toString('base64url');
  const y = point.subarray(1 + size).toString('base64url');
  try {
    createPublicKey({ key: { kty: 'EC', crv: jwk, x, y }, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

function isApplication(application: Buffer | undefined): boolean {
  return application !== undefined && application.length > 0;
}
