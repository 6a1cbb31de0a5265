import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DeploymentService } from '../database/deployment.service.js';
import type { EntityManager } from '../database/transaction.js';
import { markerOf } from '../openstack/marker.js';
import {
  OpenStackConflict,
  OpenStackRefused,
  OpenStackUnknownOutcome,
  type OpenStackError,
} from '../openstack/openstack-errors.js';
import { KeptAnswers } from '../operation/kept-answers.service.js';
import { ifThere } from '../operation/marked-removal.js';
import type { CreatedObject, Fault, OperationKind, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { UserClient, type ObservedUser } from '../user/user.client.js';
import type { UserEntity } from '../user/user.entity.js';
import { UserRepository } from '../user/user.repository.js';
import { AccountIdTaken } from './auth.errors.js';
import { signUpInput, type SignUpInput } from './sign-up-input.js';
import { SignUpPasswords } from './sign-up-passwords.js';

export const signUp = 'user.create';

/** The operation's word for what the answer calls a refusal of the field `password`. */
export const passwordRefused = 'VALIDATION_FAILED';
/** Its word for an account that is not made because nobody has the password any more. */
const abandoned = 'OPENSTACK_UNAVAILABLE';

/** Whether it ended for want of time or of the password: nobody has refused the account. */
export function isUnfinished(code: string): boolean {
  return [abandoned, 'DEADLINE_EXCEEDED', 'OPENSTACK_CONFLICT'].includes(code);
}

interface Rows {
  readonly user: UserEntity;
  readonly input: SignUpInput;
  readonly marker: string;
  readonly operationUuid: string;
  /** Null in every process but the one that was asked. */
  readonly password: string | null;
}

/** An account in Keystone. Its password is in one process only: when that is gone, or nobody waits any more, it is undone. */
@Injectable()
export class SignUpOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = signUp;
  readonly effect = 'create';
  readonly isImpatient = true;
  readonly steps: readonly Step<Rows>[] = [
    {
      does: 'create',
      name: 'user',
      title: 'the account',
      recorded: ({ user }) => user.openstackId,
      find: (rows, calls) => this.find(rows, calls),
      create: (rows, calls) => this.create(rows, calls),
      explain: (error, rows) => Promise.resolve(this.explain(error, rows)),
      undo: { look: (rows, calls) => this.lookForUndo(rows, calls) },
    },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly deployment: DeploymentService,
    private readonly client: UserClient,
    private readonly users: UserRepository,
    private readonly passwords: SignUpPasswords,
    private readonly answers: KeptAnswers,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const user = await this.users.findAny(manager, operation.resourceId);
    if (user === null) throw new Error(`user ${String(operation.resourceId)} has no row`);
    return {
      user,
      input: signUpInput.parse(operation.input),
      marker: markerOf(await this.deployment.deploymentId(), user.uuid),
      operationUuid: operation.uuid,
      password: this.passwords.find(operation.uuid),
    };
  }

  async succeed(): Promise<void> {
    // The row was filled when Keystone answered.
  }

  /** The account id is free again, and so is the key, unless Keystone has refused the account. */
  async fail(tx: EntityManager, operation: OperationEntity, { user }: Rows, { code }: Fault): Promise<void> {
    await this.users.tombstone(tx, user.id);
    if (isUnfinished(code)) await this.answers.release(tx, operation.id);
  }

  private async find(rows: Rows, calls: StepCalls): Promise<readonly CreatedObject[]> {
    const found = await this.findOurs(rows, calls);
    // What is found here is adopted, unless nobody waits for it any more.
    const isWanted = found.length > 0 && this.passwords.claimRecord(rows.operationUuid);
    return found.map((user) => this.created(rows, user, isWanted));
  }

  private async findOurs({ input, marker }: Rows, calls: StepCalls): Promise<readonly ObservedUser[]> {
    const { accountId: name, domainOpenstackId: domainId } = input;
    const found = await this.client.findByName(calls.readingAsAdmin(), { name, domainId });
    return found.filter(({ description }) => description === marker);
  }

  private async create(rows: Rows, calls: StepCalls): Promise<CreatedObject> {
    const { input, marker, password, operationUuid } = rows;
    if (password === null)
      throw new OpenStackRefused({ service: 'identity', operation, text: 'nobody has the password' });
    const user = await this.client.create(calls.changingAsAdmin(), {
      name: input.accountId,
      domainId: input.domainOpenstackId,
      password,
      marker,
    });
    // Given up while Keystone took its time: the next look finds it, and it is undone.
    if (!this.passwords.claimRecord(operationUuid))
      throw new OpenStackUnknownOutcome({ service: 'identity', operation, text: 'nobody waits for it any more' });
    return this.created(rows, user, true);
  }

  private created({ user }: Rows, { openstackId }: ObservedUser, isWanted: boolean): CreatedObject {
    return {
      openstackId,
      createdAt: null,
      isInUse: false,
      differs: isWanted ? null : 'whoever asked for it is gone',
      writes: (tx) => this.users.setOpenstackId(tx, user.id, openstackId),
    };
  }

  private explain(error: OpenStackError, { input, password }: Rows): Fault | null {
    const openstackRequestIds = error.requestId === null ? [] : [error.requestId];
    if (password === null) {
      const message = 'The process that was asked to make the account ended, and the password with it';
      return { code: abandoned, message, openstackRequestIds };
    }
    if (error instanceof OpenStackConflict) {
      const { code, message } = new AccountIdTaken(input.accountId);
      return { code, message, openstackRequestIds };
    }
    const isAboutPassword = error instanceof OpenStackRefused && /password/i.test(error.text);
    return isAboutPassword ? { code: passwordRefused, message: error.text, openstackRequestIds } : null;
  }

  private async lookForUndo(rows: Rows, calls: StepCalls): Promise<Sight> {
    const found = await this.findOurs(rows, calls);
    if (found.length === 0) return { is: 'reached' };
    return {
      is: 'needed',
      act: async () => {
        for (const { openstackId } of found) await ifThere(this.client.delete(calls.changingAsAdmin(), openstackId));
      },
    };
  }
}

const operation = 'POST /v3/users';
