import { Injectable } from '@nestjs/common';

interface Held {
  readonly password: string;
  isBeingRecorded: boolean;
}

/**
 * The passwords of the accounts that are being made, by their operations; in this process alone. Whoever takes such an operation over finds
 * none, and undoes it.
 */
@Injectable()
export class SignUpPasswords {
  private readonly held = new Map<string, Held>();

  hold(operationUuid: string, password: string): void {
    this.held.set(operationUuid, { password, isBeingRecorded: false });
  }

  find(operationUuid: string): string | null {
    return this.held.get(operationUuid)?.password ?? null;
  }

  /** The account is there and about to be recorded. False: it was given up before, and must be undone. */
  claimRecord(operationUuid: string): boolean {
    const held = this.held.get(operationUuid);
    if (held !== undefined) held.isBeingRecorded = true;
    return held !== undefined;
  }

  /** Nobody waits for the account any more. False: too late, it is being recorded. */
  giveUp(operationUuid: string): boolean {
    if (this.held.get(operationUuid)?.isBeingRecorded === true) return false;
    this.forget(operationUuid);
    return true;
  }

  forget(operationUuid: string): void {
    this.held.delete(operationUuid);
  }
}
