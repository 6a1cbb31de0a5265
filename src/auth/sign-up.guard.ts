import { Injectable, type CanActivate } from '@nestjs/common';
import { Config } from '../config/config.js';
import { SignUpClosed } from './auth.errors.js';

/** Where sign-up is closed nobody's request is even read. */
@Injectable()
export class SignUpGuard implements CanActivate {
  constructor(private readonly config: Config) {}

  /** @throws SignUpClosed */
  canActivate(): boolean {
    if (this.config.settings.SIGN_UP === 'closed') throw new SignUpClosed();
    return true;
  }
}
