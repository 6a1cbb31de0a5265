import type { Answer, Api } from './api.js';
import { publicKeys } from './public-keys.js';

/** A key pair as the API shows it. */
export interface KeyPairBody {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly public_key: string;
  readonly fingerprint: string;
}

/** Requests for key pairs of one account. */
export class KeyPairRequests {
  constructor(private readonly api: Api) {}

  async post<T = KeyPairBody>(name: string, publicKey: string = publicKeys.ed25519): Promise<Answer<T>> {
    return this.api.post<T>('/key-pairs', { name, public_key: publicKey });
  }

  /** One that is there. */
  async add(name: string, publicKey?: string): Promise<KeyPairBody> {
    const answer = await this.post(name, publicKey);
    if (answer.status === 201) return answer.body;
    throw new Error(`POST /key-pairs: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
  }

  async list(query = ''): Promise<readonly KeyPairBody[]> {
    return (await this.api.get<{ key_pairs: KeyPairBody[] }>(`/key-pairs${query}`)).body.key_pairs;
  }
}
