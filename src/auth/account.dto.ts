import { Name, OneOf, Text } from '../common/fields.js';

export class SignUpRequest {
  @Name({ max: 20, description: 'What you log in with; the name of the account in OpenStack.', example: 'ada' })
  account_id!: string;

  @Text({
    min: 1,
    max: 255,
    format: 'password',
    description: '8 to 72 bytes of UTF-8, none of those that are guessed first, and not the account id.',
    example: 'correct horse battery staple',
  })
  password!: string;

  @Name({ max: 15, description: 'The name that others see.', example: 'Ada' })
  name!: string;
}

export class ChangePasswordRequest {
  @Text({ min: 1, max: 255, format: 'password', example: 'correct horse battery staple' })
  old_password!: string;

  @Text({
    min: 1,
    max: 255,
    format: 'password',
    description: '8 to 72 bytes of UTF-8, none of those that are guessed first, and not the account id.',
    example: 'a better one than before',
  })
  new_password!: string;
}

export class AddMemberRequest {
  @OneOf(['member', 'reader'], {
    optional: true,
    description: 'What the user may do in the project; `member` when left out.',
    example: 'member',
  })
  role?: 'member' | 'reader';
}
