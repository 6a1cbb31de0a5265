import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { ValidationFailed } from './errors.js';
import {
  Description,
  Flag,
  Id,
  Ids,
  Name,
  Nested,
  OneOf,
  OpenStackId,
  parseId,
  QueryFlag,
  QueryId,
  QueryIds,
  QueryInteger,
  QueryName,
  QueryTime,
  Size,
  Uuid,
} from './fields.js';
import { RequestPipe } from './request.pipe.js';

class Inner {
  @Size()
  size!: number;
}

class Body {
  @Name({ optional: true })
  name?: string;

  @Description()
  description?: string | null;

  @OpenStackId({ optional: true })
  flavor_id?: string;

  @Uuid({ optional: true })
  image_id?: string;

  @Id({ optional: true })
  id?: number;

  @Ids({ optional: true, maxItems: 3 })
  ids?: number[];

  @Flag({ optional: true })
  protected?: boolean;

  @Nested(() => Inner, { optional: true })
  inner?: Inner;
}

class Query {
  @QueryId()
  id?: number;

  @QueryIds()
  ids?: number[];

  @QueryInteger({ min: 1, max: 200 })
  limit?: number;

  @QueryName()
  name_like?: string;

  @QueryFlag()
  include_deleted?: boolean;

  @OneOf(['name', 'created_at'], { optional: true })
  sort_by?: string;

  @QueryTime()
  since?: Date;
}

class Needed {
  @Name()
  name!: string;

  @Nested(() => Inner)
  inner!: Inner;
}

const pipe = new RequestPipe();

function errorsOf(metatype: new () => object, value: unknown, type: 'body' | 'query' = 'body'): string[] {
  try {
    pipe.transform(value, { type, metatype });
    return [];
  } catch (error) {
    if (!(error instanceof ValidationFailed)) throw error;
    return (error.details.errors ?? []).map((one) => `${one.field} ${one.type}`);
  }
}

describe('a name', () => {
  it.each([
    ['plain', 'web-1'],
    ['Hangul', '서버'],
    ['emoji', '🚀🚀'],
    ['with a zero-width joiner', '👩‍💻'],
    ['255 code points of four bytes', '𝒳'.repeat(255)],
    ['right to left', 'שרת'],
    ['with a space inside', 'my server'],
  ])('may be %s', (_what, name) => {
    expect(errorsOf(Body, { name })).toEqual([]);
  });

  it('is put into NFC', () => {
    expect(pipe.transform({ name: 'Cafe\u0301' }, { type: 'body', metatype: Body })).toMatchObject({ name: 'Café' });
  });

  it.each([
    ['empty', '', 'length'],
    ['256 code points', 'a'.repeat(256), 'length'],
    ['NUL', 'a\0b', 'control_character'],
    ['a line break', 'a\nb', 'control_character'],
    ['U+202E', 'a\u202eb', 'bidi_control'],
    ['U+2066', 'a\u2066b', 'bidi_control'],
    ['a space before', ' a', 'edge_white_space'],
    ['a no-break space after', 'a\u00a0', 'edge_white_space'],
    ['an ideographic space after', 'a\u3000', 'edge_white_space'],
    ['half of a surrogate pair', 'a\ud800', 'unicode'],
    ['a number', 1, 'string'],
    ['null', null, 'string'],
    ['a list', ['a'], 'string'],
  ])('may not be or hold %s', (_what, name, type) => {
    expect(errorsOf(Body, { name })).toEqual([`name ${type}`]);
  });
});

describe('the other fields of a body', () => {
  it.each([
    [{ description: null }, []],
    [{ description: 'a\nb' }, []],
    [{ description: 'a'.repeat(256) }, ['description length']],
    [{ flavor_id: '../x' }, ['flavor_id format']],
    [{ flavor_id: 'm1.tiny_2:3-4' }, []],
    [{ image_id: '../../x' }, ['image_id format']],
    [{ image_id: '5B0C9A0E-7D6C-4D53-8A3E-0F6F3F6A2B11' }, []],
    [{ id: '1' }, ['id integer']],
    [{ id: 1.5 }, ['id integer']],
    [{ id: 0 }, ['id min']],
    [{ id: 2 ** 53 }, ['id integer']],
    [{ ids: [1, 2, 3] }, []],
    [{ ids: [1, 1] }, ['ids unique']],
    [{ ids: [1, 2, 3, 4] }, ['ids max_items']],
    [{ ids: ['1'] }, ['ids id']],
    [{ ids: 1 }, ['ids array']],
    [{ protected: 'true' }, ['protected boolean']],
    [{ inner: { size: 10 } }, []],
    [{ inner: { size: '10' } }, ['inner.size integer']],
    [{ inner: { size: 65_537 } }, ['inner.size max']],
    [{ inner: { size: 1, project_id: 2 } }, ['inner.project_id unknown']],
    [{ inner: null }, ['inner object']],
    [{ inner: [] }, ['inner object']],
    [{ inner: 'x' }, ['inner object']],
    [{ status: 'ACTIVE', deleted_at: null }, ['status unknown', 'deleted_at unknown']],
  ])('%j → %j', (body, errors) => {
    expect(errorsOf(Body, body)).toEqual(errors);
  });

  it('must be there when they are required', () => {
    expect(errorsOf(Needed, {})).toEqual(['name required', 'inner required']);
    expect(errorsOf(Needed, undefined)).toEqual(['name required', 'inner required']);
  });

  it.each([[[]], ['text'], [7], [true]])('cannot be given as %j instead of an object', (body) => {
    expect(errorsOf(Needed, body)).toEqual([' object']);
  });

  it('are not named by the thousand', () => {
    const body = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${String(index)}`, 1]));
    expect(errorsOf(Body, body)).toHaveLength(50);
  });
});

describe('a query', () => {
  it('becomes numbers, flags and lists', () => {
    const query = { id: '7', ids: ['1', '2'], limit: '50', include_deleted: 'true', sort_by: 'name' };
    expect(pipe.transform(query, { type: 'query', metatype: Query })).toEqual({
      id: 7,
      ids: [1, 2],
      limit: 50,
      include_deleted: true,
      sort_by: 'name',
    });
    for (const since of ['2026-11-24T09:30:00.500Z', '2026-11-24T10:30:00.5+01:00']) {
      expect(pipe.transform({ since }, { type: 'query', metatype: Query })).toEqual({
        since: new Date('2026-11-24T09:30:00.500Z'),
      });
    }
    expect(pipe.transform({ ids: '1' }, { type: 'query', metatype: Query })).toEqual({ ids: [1] });
    const pattern = { name_like: ' cafe\u0301' };
    expect(pipe.transform(pattern, { type: 'query', metatype: Query })).toEqual({ name_like: ' café' });
  });

  it.each([
    [{ limit: '0' }, ['limit min']],
    [{ limit: '201' }, ['limit max']],
    [{ limit: ['1', '2'] }, ['limit repeated']],
    [{ limit: '1e2' }, ['limit integer']],
    [{ limit: '0x10' }, ['limit integer']],
    [{ id: ['1', '2'] }, ['id repeated']],
    [{ id: '' }, ['id id']],
    [{ ids: ['1', 'x'] }, ['ids id']],
    [{ name_like: '' }, ['name_like length']],
    [{ name_like: 'a\0' }, ['name_like control_character']],
    [{ name_like: ['a', 'b'] }, ['name_like repeated']],
    [{ sort_by: 'id;drop' }, ['sort_by enum']],
    [{ sort_by: ['name', 'name'] }, ['sort_by repeated']],
    [{ include_deleted: '1' }, ['include_deleted boolean']],
    [{ since: '2026-11-24' }, ['since time']],
    [{ since: '2026-11-24T09:30:00' }, ['since time']],
    [{ since: '2026-13-24T09:30:00Z' }, ['since time']],
    [{ since: '0026-11-24T09:30:00Z' }, ['since time']],
    [{ since: '1764000000' }, ['since time']],
    [{ since: ['2026-11-24T09:30:00Z', '2026-11-24T09:30:00Z'] }, ['since repeated']],
    [{ 'id[$gt]': '1' }, ['id[$gt] unknown']],
    [{ 'name[a]': 'b' }, ['name[a] unknown']],
    [Object.assign(Object.create(null) as object, { constructor: 'x' }), ['constructor unknown']],
  ])('%j → %j', (query, errors) => {
    expect(errorsOf(Query, query, 'query')).toEqual(errors);
  });
});

describe('an id in a path', () => {
  it.each([
    '0',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    ' 1',
    '1a',
    '',
    '9007199254740992',
    '9007199254740993',
    `1${'0'.repeat(199)}`,
  ])('is not %j', (text) => {
    expect(parseId(text)).toBeNull();
  });

  it('goes up to 2^53−1 and not a bit further', () => {
    expect(parseId('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    expect(parseId(['1'])).toBeNull();
  });
});
