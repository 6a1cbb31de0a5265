import { describe, expect, it } from '@jest/globals';
import { publicKeys } from '../../test/support/public-keys.js';
import { parsePublicKey } from './public-key.js';

describe('parsePublicKey', () => {
  // Fingerprints of ssh-keygen -l.
  it.each([
    ['ed25519', 'ssh-ed25519', 'SHA256:Cqh7ySWMl2HWb7I/BEmontOv1KkHRSuJMRI7A3kqz8M'],
    ['rsa', 'ssh-rsa', 'SHA256:Gfu31KmLkehFIUbbyxAJXH3kZGUO1/LkyJ7BzMPtj+c'],
    ['ecdsa256', 'ecdsa-sha2-nistp256', 'SHA256:cFzbtYxg5h5OQWeY+jZbmAiZmlpgoYwDpfyhjeIG9FM'],
    ['ecdsa384', 'ecdsa-sha2-nistp384', 'SHA256:7gtfPMSEzg3X0d/Y0H7qWQVqf2NPLYAjrsGSGyCOrlA'],
    ['ecdsa521', 'ecdsa-sha2-nistp521', 'SHA256:B3J7TkFUN7UV7CyFCWY9NjEh9kxYyvlsMnCa5bqhEPw'],
  ] as const)('reads %s', (name, type, fingerprint) => {
    expect(parsePublicKey(publicKeys[name])).toEqual({ type, line: publicKeys[name], fingerprint });
  });

  it.each(['skEd25519', 'skEcdsa'] as const)('reads keys of a token: %s', (name) => {
    expect(parsePublicKey(publicKeys[name])).toMatchObject({ fingerprint: expect.stringMatching(/^SHA256:.{43}$/) });
  });

  it('takes a key without a comment, with a long one, and white space around', () => {
    const bare = publicKeys.ed25519.split(' ').slice(0, 2).join(' ');
    expect(parsePublicKey(bare)).toMatchObject({ line: bare });
    expect(parsePublicKey(`  ${bare}\n`)).toMatchObject({ line: bare });
    expect(parsePublicKey(`${bare} 내 열쇠 at home`)).toMatchObject({ line: `${bare} 내 열쇠 at home` });
  });

  const [type = '', data = ''] = publicKeys.ed25519.split(' ');
  const flipped = (key: string, at: number): string => {
    const [word = '', base64 = ''] = key.split(' ');
    const blob = Buffer.from(base64, 'base64');
    blob.writeUInt8((blob[blob.length - at] ?? 0) ^ 1, blob.length - at);
    return `${word} ${blob.toString('base64')}`;
  };

  it.each([
    ['nothing', '', /must begin with/],
    ['a word', 'hello', /must begin with/],
    ['another type', `ssh-dss ${data}`, /must begin with/],
    ['a property of all objects', `constructor ${data}`, /must begin with/],
    ['options before the key', `command="x" ${publicKeys.ed25519}`, /must begin with/],
    ['two lines', `${publicKeys.ed25519}\n${publicKeys.rsa}`, /one line/],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1r', /private key/],
    ['another type inside', `ssh-rsa ${data}`, /not a whole key of type ssh-rsa/],
    ['half of it', `${type} ${data.slice(0, 40)}`, /not a whole key/],
    ['what is not base64', `${type} ${data.slice(0, -1)}!`, /not a whole key/],
    [
      'more after it',
      `${type} ${Buffer.concat([Buffer.from(data, 'base64'), Buffer.from([0])]).toString('base64')}`,
      /not/,
    ],
    ['a point off the curve', flipped(publicKeys.ecdsa256, 1), /not a whole key/],
    ['too much', `${publicKeys.ed25519} ${'x'.repeat(16_384)}`, /at most 16384 bytes/],
  ])('refuses %s', (_what, text, message) => {
    expect(parsePublicKey(text)).toEqual(expect.stringMatching(message));
  });
});
