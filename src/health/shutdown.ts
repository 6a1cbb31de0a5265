import { Injectable } from '@nestjs/common';

/** Whether this process is on its way out: readiness says so first, then requests and operations are brought to their end. */
@Injectable()
export class Shutdown {
  private begun = false;

  get hasBegun(): boolean {
    return this.begun;
  }

  begin(): void {
    this.begun = true;
  }
}
