import { createHash } from 'node:crypto';
import { isRecord, textOf, type Json } from './json.js';
import type { KeyPair } from './model.js';
import type { NovaCall } from './nova-call.js';
import { refuse } from './openstack-fault.js';
import { empty, hasWideCharacter, ok, type Answer } from './wire.js';

const knownTypes = [
  'ssh-rsa',
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
];

/** Keys belong to the user, whatever the project. */
function keyOf({ access }: NovaCall, name: string): string {
  return `${access.userId} ${name}`;
}

function view({ name, publicKey, fingerprint, type }: KeyPair): Json {
  return { name, public_key: publicKey, fingerprint, type };
}

export function listKeyPairs(call: NovaCall): Answer {
  const own = [...call.cloud.keyPairs.values()].filter(({ userId }) => userId === call.access.userId);
  return ok({ keypairs: own.map((keyPair) => ({ keypair: view(keyPair) })) });
}

export function showKeyPair(call: NovaCall, name: string): Answer {
  return ok({ keypair: { ...view(findKeyPair(call, name)), user_id: call.access.userId } });
}

function findKeyPair(call: NovaCall, name: string): KeyPair {
  const found = call.cloud.keyPairs.get(keyOf(call, name));
  if (found === undefined) throw refuse(404, `Keypair ${name} not found for user ${call.access.userId}`);
  return found;
}

export function createKeyPair(call: NovaCall): Answer {
  const { cloud, access, minor } = call;
  const given = isRecord(call.body) ? call.body['keypair'] : undefined;
  if (!isRecord(given)) throw refuse(400, "'keypair' is a required property");
  const [name, publicKey] = [textOf(given, 'name'), textOf(given, 'public_key')];
  if (name === null || publicKey === null)
    throw refuse(400, 'The simulator only imports keys: give name and public_key.');
  const [type = '', data = ''] = publicKey.trim().split(/\s+/);
  if (!knownTypes.includes(type) || !/^[A-Za-z0-9+/]{20,}={0,2}$/.test(data)) {
    throw refuse(400, 'Keypair data is invalid: failed to generate fingerprint');
  }
  if (hasWideCharacter(publicKey)) throw refuse(500, 'Unexpected API Error.');
  if (cloud.keyPairs.has(keyOf(call, name))) throw refuse(409, `Key pair '${name}' already exists.`);
  const limit = cloud.quotasOf(access.projectId).key_pairs;
  const own = [...cloud.keyPairs.values()].filter(({ userId }) => userId === access.userId);
  if (limit >= 0 && own.length >= limit) throw refuse(403, 'Quota exceeded, too many key pairs.');
  const digest = createHash('md5').update(Buffer.from(data, 'base64')).digest('hex');
  const fingerprint = digest.replace(/(..)(?=.)/g, '$1:');
  const keyPair = { name, userId: access.userId, publicKey, type: 'ssh', fingerprint, createdAt: cloud.now() };
  cloud.keyPairs.set(keyOf(call, name), keyPair);
  const body = { keypair: { ...view(keyPair), user_id: access.userId } };
  return { ...ok(body, minor >= 2 ? 201 : 200), created: name };
}

export function deleteKeyPair(call: NovaCall, name: string): Answer {
  findKeyPair(call, name);
  call.cloud.keyPairs.delete(keyOf(call, name));
  return empty(call.minor >= 2 ? 204 : 202);
}
