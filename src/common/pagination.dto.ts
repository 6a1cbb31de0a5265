import { OneOf, QueryInteger, Text } from './fields.js';

/** What every list takes. Extend it by `sort_by` with `@OneOf([...], { optional: true })`, and by filters. */
export class PageQuery {
  @QueryInteger({
    min: 1,
    max: 200,
    description: 'How many entries a page has; without it one page has up to 1,000.',
    example: 50,
  })
  limit?: number;

  @Text({
    optional: true,
    // A name of 255 code points of four bytes, in base64, and what stands around it.
    max: 2048,
    description: '`next_cursor` of the page before; everything else must stay as it was.',
  })
  cursor?: string;

  @OneOf(['asc', 'desc'], { optional: true, description: 'The direction; the same as `sort_order`.' })
  order?: 'asc' | 'desc';

  @OneOf(['asc', 'desc'], { optional: true, description: 'The direction; the same as `order`.' })
  sort_order?: 'asc' | 'desc';
}
