import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { collect, followPages, nextLink, pageLinks } from '../../src/openstack/openstack-paging.js';
import { cinderMicroversion, novaMicroversion } from '../../src/openstack/openstack-microversions.js';
import type { OpenStackService } from '../../src/openstack/openstack-call.js';
import { Cloud } from './cloud.js';

describe('the services', () => {
  let cloud: Cloud;

  beforeAll(async () => {
    cloud = await Cloud.open();
  });
  afterAll(() => cloud.close());

  it('can do all that the clients rely on', async () => {
    expect(await cloud.admin.http.checkVersions()).toEqual([]);
    expect(await cloud.member.http.checkVersions()).toEqual([
      expect.stringMatching(/^The service account lacks role admin on project demo; it has .*member/),
    ]);
  });

  it.each([
    ['compute', '/servers/{id}', novaMicroversion],
    ['volume', '/volumes/{id}', cinderMicroversion],
    ['network', '/ports/{id}', undefined],
    ['image', '/images/{id}', undefined],
    ['identity', '/users/{id}', undefined],
  ] as const)(
    'answer 404 with a request id and a text: %s',
    async (service: OpenStackService, template, microversion) => {
      const request = {
        service,
        method: 'GET',
        path: template.replace('{id}', '00000000-0000-4000-8000-000000000000'),
        operation: `GET ${template}`,
        ok: [200],
        schema: null,
        call: cloud.call,
        ...(microversion === undefined ? {} : { microversion }),
      } as const;
      await expect(cloud.admin.http.send(request)).rejects.toMatchObject({
        name: 'OpenStackNotFound',
        status: 404,
        operation: `GET ${template}`,
        requestId: expect.stringMatching(/^req-[0-9a-f-]{36}$/),
        text: expect.stringMatching(/\w/),
      });
    },
  );

  it('give their clock with each answer, if they give it', async () => {
    const answer = await cloud.admin.http.send({
      service: 'compute',
      method: 'GET',
      path: '/flavors',
      operation: 'GET /flavors',
      ok: [200],
      schema: null,
      call: cloud.call,
    });
    // uWSGI by itself sends no Date.
    expect(Math.abs((answer.date?.getTime() ?? Date.now()) - Date.now())).toBeLessThan(60_000);
  });

  const things = { items: z.array(z.object({ id: z.string() })) };
  it.each([
    ['compute', '/flavors', 'flavors', 'flavors_links'],
    ['volume', '/types', 'volume_types', 'volume_type_links'],
    ['network', '/networks', 'networks', 'networks_links'],
    ['image', '/images', 'images', 'next'],
  ] as const)('give their lists page by page, to the end: %s', async (service, path, key, linksKey) => {
    const schema = z.record(z.string(), z.unknown()).transform((body) => {
      const items = things.items.parse(body[key]);
      const next =
        linksKey === 'next' ? z.string().nullish().parse(body['next']) : nextLink(pageLinks.parse(body[linksKey]));
      return { items, next: next ?? null };
    });
    const list = async (limit: number): Promise<string[][]> => {
      const pages: string[][] = [];
      const { http } = cloud.admin;
      const request = { service, path, operation: `GET ${path}`, query: { limit }, schema, call: cloud.call };
      for await (const page of followPages(http, request)) pages.push(page.map(({ id }) => id));
      return pages;
    };
    const whole = async (): Promise<readonly string[]> => (await list(1000)).flat();
    const before = await whole();
    const single = await list(1);
    const sized = await collect(
      followPages(cloud.admin.http, { service, path, operation: path, schema, call: cloud.call }),
    );
    const after = await whole();
    expect(single.length).toBeGreaterThanOrEqual(single.flat().length);
    // What others make or delete meanwhile may stand in some of the lists only.
    for (const listed of [single.flat(), sized.map(({ id }) => id)]) {
      expect(new Set(listed).size).toBe(listed.length);
      expect(listed).toEqual(expect.arrayContaining(before.filter((id) => after.includes(id))));
      expect([...before, ...after]).toEqual(expect.arrayContaining(listed));
    }
  });
});
